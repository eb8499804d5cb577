package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Attended;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.nn.Rotary;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;

/// What [HunyuanDit] and its ControlNet make of latents, time and conditions before their blocks.
///
/// @param config of the network
/// @param xEmbedder embeds the latents
/// @param conditioning time, text, size and style
record HunyuanDitEmbedding(
        HunyuanDit.Config config, PatchEmbed xEmbedder, HunyuanDitConditioning conditioning) {
    /// Builds it from the names of the original code, which stand at the root.
    static HunyuanDitEmbedding of(ParameterSource source, HunyuanDit.Config config) {
        return new HunyuanDitEmbedding(
                config,
                PatchEmbed.of(
                        source.at("x_embedder"),
                        config.inChannels(),
                        config.hiddenSize(),
                        config.patchSize()),
                HunyuanDitConditioning.of(source, config));
    }

    /// Embeds noisy latents, time and conditions.
    ///
    /// @param x `[B, C, H, W]`, which divide into patches
    /// @param t `[B]`
    HunyuanDit.Hidden forward(Tensor x, Tensor t, HunyuanDit.Prepared conditions) {
        Tensor tokens = tokens(x); // [B, N, D]
        Shapes.require(t, "t", x.size(0));
        Shapes.require(conditions.c(), "conditions", x.size(0), config.hiddenSize());
        Tensor c = conditioning.tEmbedder().forward(t).add(conditions.c()); // [B, D]
        return new HunyuanDit.Hidden(
                tokens, c, conditions.text(), conditions.textMask(), positions(x));
    }

    /// Embeds the conditions of a batch of `b`.
    HunyuanDit.Prepared conditions(HunyuanDit.Conditions c, long b) {
        conditioning.require(c, b);
        return new HunyuanDit.Prepared(
                conditioning.vector(c), // [B, D]
                Attended.of(conditioning.text(c)), // [B, L, E]
                conditioning.unused(c));
    }

    /// Turns latents `[B, C, H, W]` into tokens `[B, N, D]`.
    Tensor tokens(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels(), Shapes.ANY, Shapes.ANY);
        int p = config.patchSize();
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        return xEmbedder.forward(x);
    }

    private Rotary positions(Tensor x) {
        int h = (int) x.size(2) / config.patchSize();
        int w = (int) x.size(3) / config.patchSize();
        int k = config.hiddenSize() / config.numHeads();
        return Rotary.centred(k, config.positionBase(), h, w, config.positionSpacing())
                .on(x); // [N, K]
    }
}
