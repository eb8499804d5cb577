package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// What a network for flow matching is trained to minimise: the squared error of its target, each
/// time weighted (SiT, `transport/transport.py`, `training_losses`).
///
/// @param flow the process
/// @param weight of the times
public record FlowLoss(FlowMatching flow, Weight weight) {
    /// How much a time counts.
    public enum Weight {
        /// Every time the same.
        NONE,
        /// A network for noise or score is trained as if for the velocity. No effect on a network
        /// for the velocity.
        VELOCITY,
        /// As in maximum likelihood training (Song et al. 2021b). No effect on a network for the
        /// velocity.
        LIKELIHOOD,
        /// `sigma^-2` (diffusers, `training_utils.py`, `compute_loss_weighting_for_sd3`).
        SIGMA_SQRT,
        /// `2 / (pi (1 - 2 sigma + 2 sigma^2))`: on the linear path as if times were drawn from
        /// [TimeDensity.Cosmap] (Esser et al. 2024, section 3.1).
        COSMAP;

        /// Returns the weight of each time `[B]`, in the shape of `t`.
        public Tensor at(FlowMatching flow, Tensor t) {
            return switch (this) {
                case NONE -> one(t);
                case VELOCITY, LIKELIHOOD ->
                        flow.target() == FlowTarget.VELOCITY ? one(t) : ofScore(flow.path(), t);
                case SIGMA_SQRT -> sigmaSqrt(flow.path().sigma(t));
                case COSMAP -> cosmap(flow.path().sigma(t));
            };
        }

        /// Returns [#SIGMA_SQRT] of noise levels.
        public static Tensor sigmaSqrt(Tensor sigma) {
            return Ops.pow(sigma, -2);
        }

        /// Returns [#COSMAP] of noise levels.
        public static Tensor cosmap(Tensor sigma) {
            Tensor line = Interpolant.fromOne(Ops.mul(sigma, 2));
            Tensor sum = Ops.addScaled(line, sigma.square(), 2);
            return Ops.mul(Ops.mul(sum, Math.PI).reciprocal(), 2);
        }

        private Tensor ofScore(Interpolant path, Tensor t) {
            Tensor sigma = path.sigma(t);
            Tensor scale = path.scoreScale(t);
            return this == VELOCITY ? scale.div(sigma).square() : scale.div(sigma.square());
        }

        private static Tensor one(Tensor t) {
            return Ops.fill_(t.clone(), 1);
        }
    }

    /// Returns the loss without weights.
    public static FlowLoss of(FlowMatching flow) {
        return new FlowLoss(flow, Weight.NONE);
    }

    /// Returns the loss of each example, recorded for gradients.
    ///
    /// @param x1 `[B, C, ...]` data
    /// @param t float32 `[B]`, for example [FlowMatching#trainTimes], on the device of `x1`
    /// @param noise `[B, C, ...]` standard normal
    public LossTerms of(Denoiser model, Tensor x1, Tensor t, Tensor noise) {
        Tensor xt = flow.path().at(x1, noise, t);
        Tensor prediction = Prediction.mean(model.predict(xt, t), xt);
        Shapes.require(prediction, "prediction", Shapes.of(x1));
        Tensor error =
                switch (flow.target()) {
                    case VELOCITY -> prediction.sub(flow.path().velocity(x1, noise, t));
                    case NOISE -> prediction.sub(noise);
                    case SCORE -> {
                        Tensor sigma = flow.path().sigma(Interpolant.wide(t, x1));
                        yield prediction.mul(sigma).add(noise);
                    }
                };
        Tensor loss = Ops.meanFlat(error.square());
        if (weight != Weight.NONE) {
            loss = loss.mul(weight.at(flow, t));
        }
        return new LossTerms(loss, loss, null);
    }
}
