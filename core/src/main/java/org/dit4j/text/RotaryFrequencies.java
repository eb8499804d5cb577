package org.dit4j.text;

import org.dit4j.ConfigException;

/// How fast the channels of a head turn with the position: pair i of K/2 by `theta^(-2 i / K)` for
/// each token. Llama 3.1 (arXiv:2407.21783; transformers, `modeling_rope_utils.py`, `llama3`) slows
/// those down by a factor whose full turn is longer than a share of the text it was trained with
/// before, and blends between two shares.
///
/// @param theta base
/// @param factor by which slow channels are slowed down; 1 for none
/// @param low a full turn longer than `trained / low` tokens is slow
/// @param high a full turn shorter than `trained / high` tokens stays as it is
/// @param trained tokens of the text it was trained with before
public record RotaryFrequencies(double theta, double factor, double low, double high, int trained) {
    /// Checks the rules.
    public RotaryFrequencies {
        ConfigException.require(theta > 0, "rope_theta must be positive but is %s", theta);
        ConfigException.require(
                factor >= 1 && low > 0 && high > low && trained > 0,
                "a rotary scaling must have a factor of at least 1 and 0 < low < high but has %s,"
                        + " %s, %s",
                factor,
                low,
                high);
    }

    /// Returns the frequencies without scaling.
    public static RotaryFrequencies plain(double theta) {
        return new RotaryFrequencies(theta, 1, 1, 2, 1);
    }

    /// Returns the angle of a token of pair `i`, rounded as in the reference.
    ///
    /// @param width channels of a head K
    float frequency(int i, int width) {
        float frequency = 1 / (float) Math.pow(theta, 2 * i / (float) width);
        double turns = trained * frequency / (2 * Math.PI); // within the trained text
        if (factor == 1 || turns > high) {
            return frequency;
        }
        double blend = Math.max(0, (turns - low) / (high - low));
        return (float) ((1 - blend) * frequency / factor + blend * frequency);
    }
}
