package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;

/// What a network's answer says about a sample `x = alpha x0 + sigma eps`. All tensors `[B, C,
/// ...]`; alpha and sigma belong to the step that the whole batch stands at.
public enum Prediction {
    /// The noise eps (Ho et al. 2020).
    EPSILON,
    /// The data x0.
    X0,
    /// `v = alpha eps - sigma x0`, where `alpha^2 + sigma^2 = 1` (Salimans and Ho 2022, appendix
    /// D).
    V,
    /// `eps - x0`, where `alpha = 1 - sigma`: the velocity of a straight path from data to noise
    /// (Liu et al. 2023; the sign and direction of Esser et al. 2024).
    FLOW;

    /// Returns the prediction that a network with that target makes.
    public static Prediction of(Target target) {
        return switch (target) {
            case EPSILON -> EPSILON;
            case X0 -> X0;
            case V -> V;
        };
    }

    /// Returns the data that `p` stands for.
    public Tensor data(Tensor p, Tensor x, double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> Ops.div(Ops.addScaled(x, p, -sigma), alpha);
            case X0 -> p;
            case V -> Ops.addScaled(Ops.mul(x, alpha), p, -sigma);
            case FLOW -> Ops.addScaled(x, p, -sigma);
        };
    }

    /// Returns the noise that `p` stands for.
    public Tensor noise(Tensor p, Tensor x, double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> p;
            case X0 -> noiseOf(p, x, alpha, sigma);
            case V -> Ops.addScaled(Ops.mul(p, alpha), x, sigma);
            case FLOW -> Ops.addScaled(x, p, alpha);
        };
    }

    /// Returns the noise in `x` if its data is `x0`.
    static Tensor noiseOf(Tensor x0, Tensor x, double alpha, double sigma) {
        return Ops.div(Ops.addScaled(x, x0, -alpha), sigma);
    }

    /// Returns the part of an answer that is about the mean, in the type of `x`: a network that
    /// learned the variance too gives that in a second half of channels.
    ///
    /// @param answer `[B, C, ...]` or `[B, 2C, ...]`
    /// @return `[B, C, ...]`
    static Tensor mean(Tensor answer, Tensor x) {
        return Ops.like(half(answer, x, 0), x);
    }

    /// Returns the part of an answer that is about the variance.
    ///
    /// @param answer `[B, 2C, ...]`
    /// @return `[B, C, ...]`
    /// @throws ShapeException if there is none
    static Tensor variance(Tensor answer, Tensor x) {
        long[] wanted = Shapes.of(x);
        wanted[1] *= 2;
        return Ops.like(half(Shapes.require(answer, "prediction", wanted), x, x.size(1)), x);
    }

    private static Tensor half(Tensor answer, Tensor x, long from) {
        long c = x.size(1);
        if (answer.dim() != x.dim() || (answer.size(1) != c && answer.size(1) != 2 * c)) {
            throw new ShapeException(
                    "prediction must have %d or %d channels and %d axes but has shape %s"
                            .formatted(
                                    c,
                                    2 * c,
                                    x.dim(),
                                    java.util.Arrays.toString(Shapes.of(answer))));
        }
        Tensor part = answer.size(1) == c ? answer : answer.narrow(1, from, c);
        return Shapes.require(part, "prediction", Shapes.of(x));
    }
}
