package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;

/// What the network said at a level, in the terms of an equation.
///
/// @param x0 `[B, C, ...]` the data, limited
/// @param value `[B, C, ...]` the data or the noise, whichever the equation is about
record Answer(Tensor x0, Tensor value) {
    /// @param prediction `[B, C, ...]` or `[B, 2C, ...]` of which the second half is not used
    /// @param x `[B, C, ...]` the sample that the network saw
    /// @param ofData whether the equation is about the data
    static Answer of(
            Prediction kind,
            DataLimit limit,
            boolean ofData,
            Tensor prediction,
            Tensor x,
            NoiseLevels levels,
            int level) {
        double alpha = levels.alpha().at(level);
        double sigma = levels.sigma().at(level);
        Tensor mean = Prediction.mean(prediction, x);
        Tensor x0 = limit.apply(kind.data(mean, x, alpha, sigma));
        if (ofData) {
            return new Answer(x0, x0);
        }
        return new Answer(
                x0,
                limit instanceof DataLimit.None
                        ? kind.noise(mean, x, alpha, sigma)
                        : Prediction.noiseOf(x0, x, alpha, sigma));
    }
}
