/// How good generated pictures are: distances between the distributions of two sets of pictures in
/// the features of a network, and the networks that give the features.
///
/// Features are float32 `[N, D]`, one row a picture; all sums are float64.
@NullMarked
package org.dit4j.eval;

import org.jspecify.annotations.NullMarked;
