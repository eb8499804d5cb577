package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// Projects an image's states for [Wan] (Wan-Video/Wan2.1, `wan/modules/model.py`, `MLPProj`).
///
/// @param positions added to the states of two images, `[1, 2 M, I]`, or null
/// @param before norm of the states
/// @param fc1 I to I
/// @param fc2 I to D
/// @param after norm of the result
record WanImage(
        @Nullable Tensor positions, LayerNorm before, Linear fc1, Linear fc2, LayerNorm after) {
    private static final double EPS = 1e-5;

    static WanImage of(ParameterSource source, Wan.Config config) {
        int i = config.imageWidth();
        int count = config.imagePositions();
        ParameterSource proj = source.at("proj");
        return new WanImage(
                count > 0 ? source.parameter("emb_pos", Init.zeros(), 1, count, i) : null,
                proj.layerNorm("0", i, EPS),
                proj.linear("1", i, i),
                proj.linear("3", i, config.hiddenSize()),
                proj.layerNorm("4", config.hiddenSize(), EPS));
    }

    /// Projects `[B, M, I]` to `[B, M, D]`, or with positions `[2 B, M, I]` to `[B, 2 M, D]`.
    Tensor forward(Tensor x) {
        Shapes.require(x, "image", Shapes.ANY, Shapes.ANY, fc1.weight().size(1));
        Tensor z = x;
        if (positions != null) {
            Tensor pairs = x.reshape(-1, positions.size(1), x.size(2)); // [B, 2 M, I]
            z = pairs.add(positions);
        }
        return after.forward(fc2.forward(Ops.gelu(fc1.forward(before.forward(z)))));
    }
}
