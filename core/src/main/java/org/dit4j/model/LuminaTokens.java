package org.dit4j.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.LuminaDit.Conditioning;
import org.dit4j.model.LuminaDit.Config;
import org.dit4j.model.LuminaDit.Generation;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Patches;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.RotaryScaling;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The tokens of [LuminaDit]: patches row by row, in Flag-DiT with a text also a token at the end
/// of each row (`lumina_t2i/models/model.py`, `patchify_and_embed`).
///
/// @param config of the network
/// @param xEmbedder patch to D
/// @param newline `[D]`, ends each row, or null
/// @param padding `[D]`, fills up shorter sequences of a batch, null without a text
record LuminaTokens(
        Config config, Linear xEmbedder, @Nullable Tensor newline, @Nullable Tensor padding) {
    /// What goes into the first block.
    ///
    /// @param x `[B, N, D]`
    /// @param positions of the tokens
    /// @param mask added to the scores, `[B, 1, 1, N]`, null where every token counts
    record Sequence(Tensor x, Rotary positions, @Nullable Tensor mask) {}

    static LuminaTokens of(ParameterSource source, Config config) {
        int d = config.layers().dim();
        int p = config.patchSize();
        Init small = Init.normal(0.02);
        return new LuminaTokens(
                config,
                source.linear("x_embedder", (long) p * p * config.inChannels(), d),
                config.newlines() ? source.parameter("eol_token", small, d) : null,
                config.conditioning() instanceof Conditioning.Captions
                        ? source.parameter("pad_token", small, d)
                        : null);
    }

    /// Embeds `[B, C, H, W]`.
    Sequence embed(Tensor x, RotaryScaling scaling) {
        Tensor tokens = tokens(x); // [B, N, D]
        return new Sequence(tokens, positions(x.size(2), x.size(3), scaling).on(x), null);
    }

    /// Embeds pictures `[C, H, W]` of different sizes.
    Sequence embed(List<Tensor> pictures, RotaryScaling scaling) {
        if (padding == null || pictures.isEmpty()) {
            throw new ShapeException(
                    pictures.isEmpty()
                            ? "there are no pictures"
                            : "only networks that are conditional on a text take pictures of"
                                    + " different sizes");
        }
        List<Tensor> parts = pictures.stream().map(x -> tokens(x.unsqueeze(0))).toList();
        long n = parts.stream().mapToLong(x -> x.size(1)).max().orElseThrow();
        Tensor x =
                Ops.cat(0, parts.stream().map(p -> filledUp(p, padding, n)).toArray(Tensor[]::new));
        Tensor real =
                Ops.cat(0, parts.stream().map(p -> ones(p.size(1), n)).toArray(Tensor[]::new));
        Rotary positions =
                config.generation() == Generation.FLAG
                        ? Rotary.sequence(headWidth(), (int) n, scaling)
                        : Rotary.batch(
                                pictures.stream()
                                        .map(p -> positions(p.size(1), p.size(2), scaling))
                                        .toList());
        return new Sequence(x, positions.on(x), AttentionMask.of(real, x));
    }

    private static Tensor filledUp(Tensor x, Tensor padding, long n) {
        return Ops.cat(1, x, padding.reshape(1, 1, -1).expand(1, n - x.size(1), -1)); // [1, n, D]
    }

    private static Tensor ones(long real, long n) {
        return Ops.cat(
                1,
                Tensors.full(1, Dtype.FLOAT32, 1, real),
                Tensors.zeros(Dtype.FLOAT32, 1, n - real)); // [1, n]
    }

    /// Returns the number of tokens of latents of that size.
    long count(long h, long w) {
        long p = config.patchSize();
        return h / p * (w / p + (newline == null ? 0 : 1));
    }

    private Tensor tokens(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels(), Shapes.ANY, Shapes.ANY);
        long p = config.patchSize();
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        Tensor patches = xEmbedder.forward(Patches.patchify(x, p)); // [B, h w, D]
        if (newline == null) {
            return patches;
        }
        long b = x.size(0);
        long h = x.size(2) / p;
        Tensor rows = patches.reshape(b, h, x.size(3) / p, -1); // [B, h, w, D]
        Tensor ends = newline.reshape(1, 1, 1, -1).expand(b, h, 1, -1); // [B, h, 1, D]
        return Ops.cat(2, rows, ends).flatten(1, 2); // [B, h (w + 1), D]
    }

    private Rotary positions(long height, long width, RotaryScaling scaling) {
        int p = config.patchSize();
        return switch (config.generation()) {
            case FLAG -> Rotary.sequence(headWidth(), (int) count(height, width), scaling);
            case NEXT ->
                    Rotary.alternating(headWidth(), (int) height / p, (int) width / p, scaling);
        };
    }

    private int headWidth() {
        return config.layers().headWidth();
    }

    /// Puts tokens `[B, N, P P outputs]` back into `[B, outputs, H, W]`, without the ends of rows.
    Tensor picture(Tensor x, long height, long width) {
        int p = config.patchSize();
        long h = height / p;
        long w = width / p;
        Tensor patches =
                newline == null
                        ? x
                        : x.reshape(x.size(0), h, w + 1, -1).narrow(2, 0, w).flatten(1, 2);
        return Patches.unpatchify(patches, p, h, w);
    }
}
