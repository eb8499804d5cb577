package org.dit4j.model;

import org.dit4j.ConfigException;

/// The sizes that all blocks of a Lumina network share, named after the original constructors
/// (Lumina-T2X, `models/model.py`).
///
/// @param count number of blocks; `n_layers`
/// @param dim width D
/// @param heads heads of the queries; `n_heads`
/// @param kvHeads heads of the keys and values, each of which serves `heads / kvHeads` heads of
///   queries; `n_kv_heads`
/// @param multipleOf the hidden width of the feed-forward part is rounded up to a multiple of it
/// @param ffnMultiplier factor of that width; `ffn_dim_multiplier`, 1 where it is not given
/// @param normEps epsilon of the norms before and after attention and feed-forward part
/// @param qkNorm whether queries and keys are normalised
public record LuminaLayers(
        int count,
        int dim,
        int heads,
        int kvHeads,
        int multipleOf,
        double ffnMultiplier,
        double normEps,
        boolean qkNorm) {
    /// Widest conditioning vector of time and text or class.
    private static final int MAX_CONDITION = 1024;

    /// Checks the rules that hold between the numbers.
    public LuminaLayers {
        ConfigException.require(count > 0, "n_layers must be positive but is %d", count);
        ConfigException.require(
                heads > 0 && dim > 0 && dim % heads == 0,
                "dim %d must be divisible by n_heads %d",
                dim,
                heads);
        ConfigException.require(
                kvHeads > 0 && heads % kvHeads == 0,
                "n_heads %d must be divisible by n_kv_heads %d",
                heads,
                kvHeads);
        ConfigException.require(
                multipleOf > 0, "multiple_of must be positive but is %d", multipleOf);
        ConfigException.require(
                ffnMultiplier > 0, "ffn_dim_multiplier must be positive but is %s", ffnMultiplier);
        ConfigException.require(normEps > 0, "norm_eps must be positive but is %s", normEps);
    }

    /// Returns the channels of a head, K.
    public int headWidth() {
        return dim / heads;
    }

    /// Returns the width of keys and values of all heads.
    public int kvWidth() {
        return kvHeads * headWidth();
    }

    /// Returns the width of the conditioning vector.
    public int conditionWidth() {
        return Math.min(dim, MAX_CONDITION);
    }

    /// Returns the hidden width of the feed-forward part.
    ///
    /// @param plain the width before factor and rounding
    public int hiddenWidth(int plain) {
        int wanted = (int) (ffnMultiplier * plain);
        return (wanted + multipleOf - 1) / multipleOf * multipleOf;
    }
}
