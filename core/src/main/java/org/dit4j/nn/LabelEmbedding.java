package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Embeds class labels; the last row stands for "no class", as classifier-free guidance needs it
/// (DiT, `models.py`, `LabelEmbedder`).
///
/// @param table `[classes + 1, D]`, or `[classes, D]` where labels were never dropped
public record LabelEmbedding(Tensor table) {
    /// Builds it from `embedding_table` below `source`.
    ///
    /// @param withNull whether there is a row for "no class"
    public static LabelEmbedding of(
            ParameterSource source, long classes, long width, boolean withNull) {
        return new LabelEmbedding(
                source.at("embedding_table")
                        .parameter(
                                "weight", Init.normal(0.02), classes + (withNull ? 1 : 0), width));
    }

    /// Embeds `y` `[B]`, int64, on any device, into `[B, D]`.
    public Tensor forward(Tensor y) {
        return Ops.embedding(table, y);
    }
}
