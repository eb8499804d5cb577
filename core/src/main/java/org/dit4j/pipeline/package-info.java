/// From a request to pictures: immutable pipelines that many threads may share.
@NullMarked
package org.dit4j.pipeline;

import org.jspecify.annotations.NullMarked;
