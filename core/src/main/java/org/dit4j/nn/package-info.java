/// Layers, and the [org.dit4j.nn.ParameterSource] that every network is built from. Depends on
/// `tensor`.
///
/// Legend of the shapes in brackets, here and in all networks: B batch, C channels, H W height and
/// width, N tokens, D width, A heads, K head width, P patch, L text tokens, F frequencies.
@NullMarked
package org.dit4j.nn;

import org.jspecify.annotations.NullMarked;
