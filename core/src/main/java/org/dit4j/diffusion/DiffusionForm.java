package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// How much noise the stochastic equation adds over time; every choice leads to the same
/// distributions (Ma et al. 2024, section 3.2; SiT, `transport/path.py`, `compute_diffusion`).
public enum DiffusionForm {
    /// `norm`
    CONSTANT,
    /// `norm` times the factor of the score in the velocity: the diffusion of score-based models
    /// (Song et al. 2021). Infinite at t = 0 on the linear and the GVP path.
    SBDM,
    /// `norm sigma`
    SIGMA,
    /// `norm (1 - t)`
    LINEAR,
    /// `(norm cos(pi t) + 1)^2 / 4`
    DECREASING,
    /// `norm sin(pi t)^2`
    INCREASING_DECREASING;

    /// Returns the diffusion at each time, in the shape of `t`.
    ///
    /// @param norm size of the diffusion
    public Tensor at(Interpolant path, Tensor t, double norm) {
        return switch (this) {
            case CONSTANT -> Ops.fill_(t.clone(), norm);
            case SBDM -> Ops.mul(path.scoreScale(t), norm);
            case SIGMA -> Ops.mul(path.sigma(t), norm);
            case LINEAR -> Ops.mul(Interpolant.fromOne(t), norm);
            case DECREASING -> {
                Tensor wave = Ops.mul(Ops.mul(t, Math.PI).cos(), norm);
                yield Ops.mul(Ops.add(wave, 1).square(), 0.25);
            }
            case INCREASING_DECREASING -> Ops.mul(Ops.mul(t, Math.PI).sin().square(), norm);
        };
    }
}
