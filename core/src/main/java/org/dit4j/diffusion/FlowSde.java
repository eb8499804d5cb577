package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// Sampling with noise: `dx = (v + D score) dt + sqrt(2 D) dW`, which for every diffusion D passes
/// through the same distributions as the velocity alone (SiT, `transport/transport.py`,
/// `sample_sde`, and `transport/integrators.py`).
///
/// @param flow the process
/// @param method how to step
/// @param form the diffusion D over time
/// @param norm its size
/// @param last the step after the stochastic ones
/// @param lastSize its size in time; not used without a last step
public record FlowSde(
        FlowMatching flow,
        Method method,
        DiffusionForm form,
        double norm,
        LastStep last,
        double lastSize)
        implements SamplerFactory {
    /// How to step.
    public enum Method {
        /// Euler-Maruyama: one call a step.
        EULER,
        /// Adds the noise, then takes a step of Heun's method: two calls a step.
        HEUN
    }

    /// The step after the stochastic ones, which adds no noise.
    public enum LastStep {
        /// None: the stochastic equation goes to the end.
        NONE,
        /// Along the drift of the stochastic equation.
        MEAN,
        /// To the data as it is predicted (Tweedie's formula).
        TWEEDIE,
        /// Along the velocity.
        EULER
    }

    /// Checks the numbers and that the diffusion is finite.
    public FlowSde {
        ConfigException.require(norm >= 0, "diffusion norm must not be below 0: %s", norm);
        ConfigException.require(
                last == LastStep.NONE || (lastSize > 0 && lastSize < 1),
                "the size of the last step must be in (0, 1), not %s",
                lastSize);
        ConfigException.require(
                form != DiffusionForm.SBDM || flow.path() == Interpolant.VP || flow.sampleEps() > 0,
                "SBDM diffusion is infinite at t = 0 of this path: it needs a sample_eps above 0");
    }

    /// Returns the settings that SiT's figures are made with: Euler-Maruyama, diffusion sigma, a
    /// last step of 0.04 along the drift.
    public static FlowSde of(FlowMatching flow) {
        return new FlowSde(flow, Method.EULER, DiffusionForm.SIGMA, 1, LastStep.MEAN, 0.04);
    }

    /// Returns the same with another method.
    public FlowSde by(Method other) {
        return new FlowSde(flow, other, form, norm, last, lastSize);
    }

    /// Returns the sampler that takes `steps - 1` stochastic steps and the last one, as SiT counts.
    @Override
    public FlowSdeSampler steps(int steps) {
        ConfigException.require(steps >= 2, "steps must be at least 2, not %d", steps);
        double end = last == LastStep.NONE ? 0 : lastSize;
        return new FlowSdeSampler(this, OdeSolver.grid(flow.sdeSpan(form, end), steps));
    }
}
