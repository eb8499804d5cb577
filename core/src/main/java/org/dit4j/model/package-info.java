/// The denoising networks, one file each: plain functions of tensors that know no guidance, sampler
/// or loop.
///
/// A network is built from an [org.dit4j.nn.ParameterSource] under the paper repository's own
/// parameter names. Depends on `nn`, `tensor` and `checkpoint`.
@NullMarked
package org.dit4j.model;

import org.jspecify.annotations.NullMarked;
