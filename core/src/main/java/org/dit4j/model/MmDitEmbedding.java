package org.dit4j.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Conditioning;
import org.dit4j.nn.GridRegion;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.nn.Positions;
import org.dit4j.nn.SiluMlp;
import org.dit4j.nn.TimeTable;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// What [MmDit] and its ControlNet make of latents, time and text before their blocks.
///
/// @param config of the network
/// @param posEmbed table of positions `[1, side * side, D]`; null with a position base
/// @param xEmbedder embeds the latents
/// @param tEmbedder embeds the time
/// @param yEmbedder embeds the pooled text
/// @param contextEmbedder embeds the states of the text
record MmDitEmbedding(
        MmDit.Config config,
        @Nullable Tensor posEmbed,
        PatchEmbed xEmbedder,
        TimestepEmbedding tEmbedder,
        SiluMlp yEmbedder,
        Linear contextEmbedder) {
    /// Builds it from the names of the original code, which stand at the root.
    static MmDitEmbedding of(ParameterSource source, MmDit.Config config) {
        int d = config.hiddenSize();
        long side = config.maxPositions();
        Init normal = Init.normal(0.02);
        return new MmDitEmbedding(
                config,
                config.positionBase() > 0
                        ? null
                        : source.buffer("pos_embed", () -> table(config), 1, side * side, d),
                PatchEmbed.of(source.at("x_embedder"), config.inChannels(), d, config.patchSize()),
                TimestepEmbedding.of(source.at("t_embedder"), d, 0),
                SiluMlp.of(source.at("y_embedder.mlp"), config.pooledWidth(), d, d, normal),
                source.linear("context_embedder", config.textWidth(), d));
    }

    /// Embeds noisy latents, time and text.
    ///
    /// @param x `[B, C, H, W]`, which divide into patches
    /// @param t `[B]`
    /// @param given what [#text] gave
    MmDit.Hidden forward(Tensor x, Tensor t, MmDit.Prepared given) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels(), Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(given.text(), "text", b, Shapes.ANY, config.hiddenSize());
        int p = config.patchSize();
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        int h = (int) x.size(2) / p;
        int w = (int) x.size(3) / p;
        Tensor positions = posEmbed == null ? fitted(h, w, x) : middle(posEmbed, h, w); // [1, N, D]
        return new MmDit.Hidden(
                given.text(), // [B, L, D]
                xEmbedder.forward(x).add(positions), // [B, N, D]
                conditioning(t, given)); // [B, D]
    }

    /// Adds the conditioning at some times to a text, if there are any.
    MmDit.Prepared at(List<Float> times, MmDit.Prepared text, List<Modulation> modulations) {
        return times.isEmpty()
                ? text
                : new MmDit.Prepared(
                        text.text(),
                        text.c(),
                        TimeTable.of(times, tEmbedder, text.c(), modulations));
    }

    private Conditioning conditioning(Tensor t, MmDit.Prepared given) {
        Conditioning known = given.steps() == null ? null : given.steps().at(t);
        return known == null ? Conditioning.of(tEmbedder.forward(t).add(given.c())) : known;
    }

    /// Embeds a text.
    ///
    /// @param text `[B, L, E]`
    /// @param pooled `[B, P]`
    MmDit.Prepared text(Tensor text, Tensor pooled) {
        Shapes.require(text, "text", Shapes.ANY, Shapes.ANY, config.textWidth());
        Shapes.require(pooled, "pooled", text.size(0), config.pooledWidth());
        return new MmDit.Prepared(contextEmbedder.forward(text), yEmbedder.forward(pooled), null);
    }

    /// Positions that are interpolated within the base grid, `[1, h w, D]`.
    private Tensor fitted(int h, int w, Tensor x) {
        GridRegion region = GridRegion.filling(config.positionBase(), h, w);
        GridRegion.Spacing even = GridRegion.Spacing.EVEN;
        return Ops.like(
                Positions.sinCos2d(
                        config.hiddenSize(), region.rows(h, even), region.columns(w, even)),
                x);
    }

    /// The middle of the table, `[1, h w, D]`.
    private Tensor middle(Tensor table, long h, long w) {
        int side = config.maxPositions();
        if (h > side || w > side) {
            throw new ShapeException(
                    "latents of %d x %d patches are larger than the %d x %d positions"
                            .formatted(h, w, side, side));
        }
        return table.reshape(1, side, side, config.hiddenSize())
                .narrow(1, (side - h) / 2, h)
                .narrow(2, (side - w) / 2, w)
                .flatten(1, 2);
    }

    /// The table `[1, side * side, D]`: positions are so far apart that the usual grid's number of
    /// patches is the length of the table's side (diffusers, `embeddings.py`,
    /// `get_2d_sincos_pos_embed`).
    private static Tensor table(MmDit.Config config) {
        int side = config.maxPositions();
        ConfigException.require(
                (long) side * side * config.hiddenSize() <= Integer.MAX_VALUE,
                "max_positions %d are too many for a table of width %d",
                side,
                config.hiddenSize());
        int grid = config.inputSize() / config.patchSize();
        double step = (double) grid / side;
        return Positions.sinCos2d(config.hiddenSize(), side, side, step, step);
    }
}
