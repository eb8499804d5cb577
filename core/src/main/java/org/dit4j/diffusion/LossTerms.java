package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The loss of each example and its parts, `[B]` each.
///
/// @param loss what is to be minimised
/// @param mse its squared error; null where there is none
/// @param vb its variational bound in bits per dimension; null where there is none
public record LossTerms(Tensor loss, @Nullable Tensor mse, @Nullable Tensor vb) {}
