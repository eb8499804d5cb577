package org.dit4j.diffusion;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// A path `x_t = alpha(t) x1 + sigma(t) eps` from noise at t = 0 to data x1 at t = 1 (Ma et al.
/// 2024, SiT, section 2; SiT, `transport/path.py`).
///
/// Coefficients are computed in the type of `t` and in the reference's order: near the ends of the
/// VP path the rounding of `1 - alpha^2` shows.
public enum Interpolant {
    /// `alpha = t`, `sigma = 1 - t`: the straight path of rectified flow (Liu et al. 2023).
    @JsonProperty("linear")
    LINEAR,
    /// `alpha = sin(pi t / 2)`, `sigma = cos(pi t / 2)`: generalised variance preserving.
    @JsonProperty("gvp")
    GVP,
    /// `alpha^2 = exp(-integral of beta)`, `sigma^2 = 1 - alpha^2`, with beta from 0.1 at the data
    /// to 20 at the noise: variance preserving (Song et al. 2021, appendix C).
    @JsonProperty("vp")
    VP;

    private static final double BETA_MIN = 0.1;
    private static final double BETA_RANGE = 20.0 - BETA_MIN;

    /// Returns the share of the data, in the shape of `t`.
    public Tensor alpha(Tensor t) {
        return switch (this) {
            case LINEAR -> t;
            case GVP -> quarterTurn(t).sin();
            case VP -> logAlpha(t).exp();
        };
    }

    /// Returns the share of the noise, in the shape of `t`.
    public Tensor sigma(Tensor t) {
        return switch (this) {
            case LINEAR -> fromOne(t);
            case GVP -> quarterTurn(t).cos();
            case VP -> fromOne(Ops.mul(logAlpha(t), 2).exp()).sqrt();
        };
    }

    /// Returns the derivative of [#alpha].
    public Tensor alphaSlope(Tensor t) {
        return switch (this) {
            case LINEAR -> Ops.fill_(t.clone(), 1);
            case GVP -> Ops.mul(quarterTurn(t).cos(), Math.PI / 2);
            case VP -> alpha(t).mul(logAlphaSlope(t));
        };
    }

    /// Returns the derivative of [#sigma].
    public Tensor sigmaSlope(Tensor t) {
        return switch (this) {
            case LINEAR -> Ops.fill_(t.clone(), -1);
            case GVP -> Ops.mul(quarterTurn(t).sin(), -Math.PI / 2);
            case VP -> {
                Tensor square = Ops.mul(logAlpha(t), 2).exp();
                yield square.mul(Ops.mul(logAlphaSlope(t), 2)).div(Ops.mul(sigma(t), -2));
            }
        };
    }

    /// Returns the derivative of `log(alpha)`; infinite at t = 0 but for VP.
    public Tensor logAlphaSlope(Tensor t) {
        return switch (this) {
            case LINEAR -> t.reciprocal();
            case GVP -> Ops.mul(Ops.mul(quarterTurn(t).tan(), 2).reciprocal(), Math.PI);
            case VP -> Ops.add(Ops.mul(Ops.mul(fromOne(t), 0.5), BETA_RANGE), 0.5 * BETA_MIN);
        };
    }

    // ---- between data, noise, velocity and score

    /// Returns `x_t`.
    ///
    /// @param x1 `[B, C, ...]` data
    /// @param noise `[B, C, ...]` standard normal
    /// @param t `[B]`
    public Tensor at(Tensor x1, Tensor noise, Tensor t) {
        Shapes.require(noise, "noise", Shapes.of(x1));
        Tensor s = wide(t, x1);
        return alpha(s).mul(x1).add(sigma(s).mul(noise));
    }

    /// Returns the derivative of `x_t` by t, the velocity that flow matching learns.
    public Tensor velocity(Tensor x1, Tensor noise, Tensor t) {
        Shapes.require(noise, "noise", Shapes.of(x1));
        Tensor s = wide(t, x1);
        return alphaSlope(s).mul(x1).add(sigmaSlope(s).mul(noise));
    }

    /// Returns the drift of the forward equation, `-x d log(alpha) / dt`.
    public Tensor drift(Tensor x, Tensor t) {
        Tensor s = wide(t, x);
        return this == VP ? Ops.mul(beta(s), -0.5).mul(x) : logAlphaSlope(s).mul(x).neg();
    }

    /// Returns what the score is multiplied by in the velocity: `sigma^2 d log(alpha) / dt - sigma
    /// d sigma / dt`, `[B, 1, ...]`.
    public Tensor scoreScale(Tensor x, Tensor t) {
        return scoreScale(wide(t, x));
    }

    /// Returns the same in the shape of `t`.
    public Tensor scoreScale(Tensor t) {
        if (this == VP) {
            return Ops.div(beta(t), 2);
        }
        Tensor sigma = sigma(t);
        return logAlphaSlope(t).mul(sigma.square()).sub(sigma.mul(sigmaSlope(t)));
    }

    /// Returns the score, the gradient of `log p_t(x)`, that a velocity stands for.
    public Tensor scoreOfVelocity(Tensor v, Tensor x, Tensor t) {
        Tensor s = wide(t, x);
        Tensor ratio = alpha(s).div(alphaSlope(s));
        Tensor sigma = sigma(s);
        Tensor scale = sigma.square().sub(ratio.mul(sigmaSlope(s)).mul(sigma));
        return ratio.mul(v).sub(x).div(scale);
    }

    /// Returns the noise that a velocity stands for.
    public Tensor noiseOfVelocity(Tensor v, Tensor x, Tensor t) {
        Tensor s = wide(t, x);
        Tensor ratio = alpha(s).div(alphaSlope(s));
        return ratio.mul(v).sub(x).div(ratio.mul(sigmaSlope(s)).sub(sigma(s)));
    }

    /// Returns the velocity that a score stands for.
    public Tensor velocityOfScore(Tensor score, Tensor x, Tensor t) {
        return scoreScale(x, t).mul(score).sub(drift(x, t));
    }

    /// Returns the data that a velocity stands for: `x_t` and its derivative, solved for x1.
    public Tensor dataOfVelocity(Tensor v, Tensor x, Tensor t) {
        Tensor s = wide(t, x);
        Tensor sigma = sigma(s);
        Tensor slope = sigmaSlope(s);
        Tensor determinant = slope.mul(alpha(s)).sub(sigma.mul(alphaSlope(s)));
        return slope.mul(x).sub(sigma.mul(v)).div(determinant);
    }

    /// Returns `t` `[B]` as `[B, 1, ...]`, which broadcasts against `x`.
    static Tensor wide(Tensor t, Tensor x) {
        Shapes.require(t, "t", x.size(0));
        var shape = new long[(int) x.dim()];
        Arrays.fill(shape, 1);
        shape[0] = x.size(0);
        return t.reshape(shape);
    }

    /// Returns `1 - t`.
    static Tensor fromOne(Tensor t) {
        return Ops.add(t.neg(), 1);
    }

    private static Tensor quarterTurn(Tensor t) {
        return Ops.div(Ops.mul(t, Math.PI), 2);
    }

    private static Tensor beta(Tensor t) {
        return Ops.add(Ops.mul(fromOne(t), BETA_RANGE), BETA_MIN);
    }

    private static Tensor logAlpha(Tensor t) {
        Tensor s = fromOne(t);
        Tensor square = Ops.mul(Ops.mul(s.square(), -0.25), BETA_RANGE);
        return square.sub(Ops.mul(Ops.mul(s, 0.5), BETA_MIN));
    }
}
