package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;

/// Flow matching with stochastic interpolants and what the network predicts about it: SiT (Ma et
/// al. 2024; SiT, `transport/transport.py`). Immutable.
///
/// Time runs from 0, noise, to 1, data; the network is given this `t`, float32 `[B]`, as it is.
///
/// @param path the interpolant
/// @param target what the network predicts
/// @param trainEps how far training keeps from the ends of time where the target is infinite there
/// @param sampleEps the same for sampling
public record FlowMatching(Interpolant path, FlowTarget target, double trainEps, double sampleEps) {
    /// A stretch of time.
    ///
    /// @param from where it starts
    /// @param to where it ends
    public record Span(double from, double to) {
        /// Returns the same stretch backwards, as the reference turns it: from data to noise.
        public Span reversed() {
            return new Span(1 - from, 1 - to);
        }
    }

    /// Checks the distances.
    public FlowMatching {
        requireEps("train_eps", trainEps);
        requireEps("sample_eps", sampleEps);
    }

    /// Returns the process with the distances of SiT (`transport/__init__.py`): none where every
    /// time is stable, which is the velocity on the linear and the GVP path.
    public static FlowMatching of(Interpolant path, FlowTarget target) {
        if (path == Interpolant.VP) {
            return new FlowMatching(path, target, 1e-5, 1e-3);
        }
        double eps = target == FlowTarget.VELOCITY ? 0 : 1e-3;
        return new FlowMatching(path, target, eps, eps);
    }

    /// Returns what SiT is trained with: the velocity on the linear path.
    public static FlowMatching sit() {
        return of(Interpolant.LINEAR, FlowTarget.VELOCITY);
    }

    /// Returns the times to train.
    public Span trainSpan() {
        return span(trainEps);
    }

    /// Returns the times that an ordinary differential equation is solved for.
    public Span odeSpan() {
        return span(sampleEps);
    }

    /// Returns the times that a stochastic differential equation is solved for.
    ///
    /// @param form how much noise it adds
    /// @param lastStep size of the step after it, which adds no noise; 0 for none
    public Span sdeSpan(DiffusionForm form, double lastStep) {
        double end = lastStep == 0 ? 1 - sampleEps : 1 - lastStep;
        boolean fromZero =
                path == Interpolant.VP
                        || (form != DiffusionForm.SBDM && target == FlowTarget.VELOCITY);
        return new Span(fromZero ? 0 : sampleEps, end);
    }

    /// Returns the times to train that numbers in [0, 1) stand for.
    ///
    /// @param u float32 `[B]`, for example of a [TimeDensity]
    public Tensor trainTimes(Tensor u) {
        Span span = trainSpan();
        return Ops.add(Ops.mul(u, span.to() - span.from()), span.from());
    }

    // ---- what a prediction stands for

    /// Returns the velocity that a prediction stands for.
    ///
    /// @param prediction `[B, C, ...]`
    /// @param x `[B, C, ...]`
    /// @param t `[B]`
    public Tensor velocity(Tensor prediction, Tensor x, Tensor t) {
        return switch (target) {
            case VELOCITY -> prediction;
            case NOISE, SCORE -> path.velocityOfScore(score(prediction, x, t), x, t);
        };
    }

    /// Returns the score that a prediction stands for.
    public Tensor score(Tensor prediction, Tensor x, Tensor t) {
        return switch (target) {
            case VELOCITY -> path.scoreOfVelocity(prediction, x, t);
            case NOISE -> prediction.div(path.sigma(Interpolant.wide(t, x)).neg());
            case SCORE -> prediction;
        };
    }

    private Span span(double eps) {
        if (path == Interpolant.VP) {
            return new Span(0, 1 - eps);
        }
        return target == FlowTarget.VELOCITY ? new Span(0, 1) : new Span(eps, 1 - eps);
    }

    private static void requireEps(String name, double eps) {
        ConfigException.require(eps >= 0 && eps < 0.5, "%s must be in [0, 0.5), not %s", name, eps);
    }
}
