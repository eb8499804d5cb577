package org.dit4j.nn;

import org.dit4j.ConfigException;

/// How rotary positions beyond those of the training are brought back into its range (Lumina-T2X,
/// arXiv:2405.05945, section 2.2; Lumina-Next, arXiv:2406.18583, section 2.2).
///
/// @param linear what positions are divided by ("position interpolation")
/// @param ntk what the base of the frequencies is multiplied by ("NTK-aware"): low frequencies are
///   stretched, high ones stay
public record RotaryScaling(double linear, double ntk) {
    /// Positions as they are.
    public static final RotaryScaling NONE = new RotaryScaling(1, 1);

    /// Checks the factors.
    public RotaryScaling {
        ConfigException.require(
                linear > 0 && ntk > 0,
                "the scaling of positions must be positive but is %s linear, %s NTK-aware",
                linear,
                ntk);
    }

    /// Returns the scaling that depends on the time (Lumina-Next, section 2.2;
    /// `lumina_next_t2i/models/model.py`, `forward_with_cfg`): linear at first, while the layout
    /// forms, and NTK-aware from the watershed on, for details.
    ///
    /// @param factor how much longer a side is than in the training
    /// @param watershed the first time that is NTK-aware
    /// @param t time, 0 noise, 1 picture
    public static RotaryScaling timeAware(double factor, double watershed, double t) {
        return t < watershed ? new RotaryScaling(factor, 1) : new RotaryScaling(1, factor);
    }

    /// Returns the angle of pair `i` of `n`; in float32, step by step, as torch computes it: large
    /// positions amplify the rounding.
    double angle(int position, int i, int n) {
        float base = (float) (Rotary.THETA * ntk);
        float frequency = 1 / (float) Math.pow(base, (float) i / n);
        return (float) (position / linear) * frequency;
    }
}
