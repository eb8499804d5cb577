/// Processes that turn data into noise and samplers that go back: Gaussian diffusion, flow
/// matching, targets, noise schedules, losses, guidance. Depends on `nn` and `tensor`.
///
/// Legend: x or x_t the noisy sample, x0 the data, t the time, alphaBar the cumulative product of
/// `1 - beta`, eps the noise.
@NullMarked
package org.dit4j.diffusion;

import org.jspecify.annotations.NullMarked;
