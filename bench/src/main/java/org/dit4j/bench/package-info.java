/// JMH benchmarks of single operators; `runs/bench.sh` runs them. Never deployed.
@NullMarked
package org.dit4j.bench;

import org.jspecify.annotations.NullMarked;
