package org.dit4j.diffusion;

import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// What a network for a Gaussian diffusion is trained to minimise (DiT,
/// `diffusion/gaussian_diffusion.py`, `training_losses`).
///
/// @param diffusion the process
/// @param kind the terms
/// @param minSnrGamma weights the squared error by the signal-to-noise ratio, capped at this (Hang
///   et al. 2023, equation 10 and section 3.4; 5 there); empty for no weights
public record GaussianLoss(GaussianDiffusion diffusion, Kind kind, OptionalDouble minSnrGamma) {
    /// The terms of a loss.
    public enum Kind {
        /// Squared error; where the variance is learned also the variational bound, which trains
        /// the variance only.
        MSE,
        /// The same with the bound scaled by steps / 1000.
        RESCALED_MSE,
        /// The variational bound in bits per dimension.
        KL,
        /// The bound of a whole run: KL times steps.
        RESCALED_KL
    }

    /// Checks the cap.
    public GaussianLoss {
        ConfigException.require(
                minSnrGamma.isEmpty() || minSnrGamma.getAsDouble() > 0,
                "min-SNR gamma must be above 0, not %s",
                minSnrGamma.orElse(0));
    }

    /// Returns the loss that DiT is trained with.
    public static GaussianLoss mse(GaussianDiffusion diffusion) {
        return new GaussianLoss(diffusion, Kind.MSE, OptionalDouble.empty());
    }

    /// Returns the loss of each example, recorded for gradients.
    ///
    /// @param x0 `[B, C, ...]`
    /// @param t int64 `[B]`, best on the CPU, where tables look it up
    /// @param noise `[B, C, ...]` standard normal
    public LossTerms of(Denoiser model, Tensor x0, Tensor t, Tensor noise) {
        Tensor xt = diffusion.noised(x0, t, noise);
        Tensor prediction = model.predict(xt, diffusion.modelTime(t));
        return switch (kind) {
            case MSE -> squared(prediction, x0, xt, t, noise, 1);
            case RESCALED_MSE -> squared(prediction, x0, xt, t, noise, diffusion.steps() / 1000.0);
            case KL -> bound(prediction, x0, xt, t, 1);
            case RESCALED_KL -> bound(prediction, x0, xt, t, diffusion.steps());
        };
    }

    private LossTerms bound(Tensor prediction, Tensor x0, Tensor xt, Tensor t, double scale) {
        Tensor vb = VariationalBound.term(diffusion, prediction, x0, xt, t, false).bits();
        return new LossTerms(scale == 1 ? vb : Ops.mul(vb, scale), null, null);
    }

    private LossTerms squared(
            Tensor prediction, Tensor x0, Tensor xt, Tensor t, Tensor noise, double scale) {
        long c = x0.size(1);
        boolean learned = diffusion.variance().learned();
        Tensor guess = learned ? prediction.narrow(1, 0, c) : prediction;
        Shapes.require(guess, "prediction", Shapes.of(x0));
        Tensor error = diffusion.targetOf(x0, t, noise).sub(guess).square();
        Tensor mse = weighted(Ops.meanFlat(error), t);
        if (!learned) {
            return new LossTerms(mse, mse, null);
        }
        // the bound trains the variance alone: the mean comes from the squared error
        Tensor frozen = Ops.cat(1, guess.detach(), prediction.narrow(1, c, c));
        Tensor bits = VariationalBound.term(diffusion, frozen, x0, xt, t, false).bits();
        Tensor vb = scale == 1 ? bits : Ops.mul(bits, scale);
        return new LossTerms(mse.add(vb), mse, vb);
    }

    private Tensor weighted(Tensor mse, Tensor t) {
        if (minSnrGamma.isEmpty()) {
            return mse;
        }
        double cap = minSnrGamma.getAsDouble();
        Table weights =
                switch (diffusion.target()) {
                    case EPSILON -> diffusion.schedule().snr().map(r -> Math.min(r, cap) / r);
                    case X0 -> diffusion.schedule().snr().map(r -> Math.min(r, cap));
                    case V -> diffusion.schedule().snr().map(r -> Math.min(r, cap) / (r + 1));
                };
        return mse.mul(weights.at(t, mse));
    }
}
