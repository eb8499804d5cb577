package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// The coordinates in which the ordinary equation of sampling is `dx/ds = (x - x0) / s` for some
/// noise level s (Karras et al. 2022, section 4).
public enum Frame {
    /// The sample over alpha, so that s is `sigma / alpha`. The run starts at s times the noise.
    SCALED,
    /// The same, but the run starts where the network's first input is the noise itself, as
    /// diffusers has it for leading timesteps.
    SCALED_TO_UNIT,
    /// The sample as it is, where alpha is `1 - sigma` and s is sigma.
    STRAIGHT;

    double level(NoiseLevels levels, int i) {
        double sigma = levels.sigma().at(i);
        return this == STRAIGHT ? sigma : sigma / levels.alpha().at(i);
    }

    Tensor start(Tensor noise, NoiseLevels levels) {
        double s = level(levels, 0);
        return switch (this) {
            case SCALED -> Ops.mul(noise, s);
            case SCALED_TO_UNIT -> Ops.mul(noise, root(s));
            case STRAIGHT -> noise;
        };
    }

    /// Returns the sample that data and noise make at a level.
    Tensor noised(Tensor data, Tensor noise, NoiseLevels levels, int i) {
        return this == STRAIGHT
                ? levels.noised(data, noise, i)
                : Ops.addScaled(data, noise, level(levels, i));
    }

    /// Returns what the network sees of a sample.
    Tensor input(Tensor x, double level) {
        return this == STRAIGHT ? x : Ops.div(x, root(level));
    }

    /// Returns the data that an answer stands for.
    Tensor data(Prediction kind, Tensor answer, Tensor x, double level) {
        if (this == STRAIGHT) {
            return kind.data(answer, x, 1 - level, level);
        }
        return switch (kind) {
            case EPSILON -> x.sub(Ops.mul(answer, level));
            case V -> Ops.div(x, level * level + 1).sub(Ops.mul(answer, level / root(level)));
            case X0 -> answer;
            case FLOW -> throw new IllegalArgumentException("a flow needs straight coordinates");
        };
    }

    /// Returns the sample at another level, along the straight line that leads to the data. Far
    /// from the data this cancels: the order of operations is that of diffusers.
    static Tensor toward(Tensor data, Tensor x, double level, double next) {
        return along(x, slope(x, data, level), next - level);
    }

    /// Returns `dx/ds`.
    static Tensor slope(Tensor x, Tensor data, double level) {
        return Ops.div(x.sub(data), level);
    }

    /// Returns `x + slope step`.
    static Tensor along(Tensor x, Tensor slope, double step) {
        return x.add(Ops.mul(slope, step));
    }

    /// Returns one over alpha, rounded as in diffusers: with thousands of times more noise than
    /// data the last digit shows in the picture.
    private static double root(double level) {
        return (float) Math.sqrt((float) (level * level + 1));
    }
}
