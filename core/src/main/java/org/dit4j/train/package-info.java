/// Training: the loop, the optimizer, averages of weights, bit-exact resume, metrics.
@NullMarked
package org.dit4j.train;

import org.jspecify.annotations.NullMarked;
