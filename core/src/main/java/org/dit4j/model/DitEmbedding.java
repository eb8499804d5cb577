package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.LabelEmbedding;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.nn.Positions;
import org.dit4j.nn.TimeTable;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// What stands before the blocks of [Dit]: patches with their positions, time and class.
///
/// @param posEmbed positions of the size the network was trained with, `[1, N, D]`
/// @param embedders of time and class: one, or one for each block
record DitEmbedding(
        Dit.Config config, PatchEmbed xEmbedder, Tensor posEmbed, List<Embedders> embedders) {
    /// Copies the list.
    DitEmbedding {
        embedders = List.copyOf(embedders);
    }

    /// What embeds time and class.
    record Embedders(TimestepEmbedding time, LabelEmbedding label) {
        static Embedders of(ParameterSource source, Dit.Config config) {
            return new Embedders(
                    TimestepEmbedding.of(
                            source.at("t_embedder"),
                            config.hiddenSize(),
                            config.variant().timestepShift()),
                    LabelEmbedding.of(
                            source.at("y_embedder"),
                            config.numClasses(),
                            config.hiddenSize(),
                            config.classDropoutProb() > 0));
        }

        /// Returns the sum of both, `[B, D]`, for `t` and `y`, `[B]`.
        Tensor sum(Tensor t, Tensor y) {
            return time.forward(t).add(label.forward(y));
        }
    }

    static DitEmbedding of(ParameterSource source, Dit.Config config) {
        int p = config.patchSize();
        int grid = config.inputSize() / p;
        PatchEmbed patches =
                PatchEmbed.of(source.at("x_embedder"), config.inChannels(), config.hiddenSize(), p);
        var embedders = new ArrayList<Embedders>();
        if (config.variant().perBlockEmbedders()) {
            for (int i = 0; i < config.depth(); i++) {
                embedders.add(Embedders.of(source.at("blocks." + i), config));
            }
        } else {
            embedders.add(Embedders.of(source, config));
        }
        Tensor positions =
                TensorScope.compute(() -> source.buffer("pos_embed", table(config, grid, grid)));
        return new DitEmbedding(config, patches, positions, embedders);
    }

    /// Returns the tokens `[B, N, D]`, with those of the conditioning among them if it is tokens.
    ///
    /// @param x `[B, C, H, W]`
    /// @param c what [#conditioning] gave
    Tensor tokens(Tensor x, Tensor c) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels(), Shapes.ANY, Shapes.ANY);
        if (c.size(0) != x.size(0)) {
            throw new ShapeException(
                    "%d samples need as many times and labels, not %d"
                            .formatted(x.size(0), c.size(0)));
        }
        int p = config.patchSize();
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        Tensor positions = positions((int) x.size(2) / p, (int) x.size(3) / p); // [1, N, D]
        Tensor tokens = xEmbedder.forward(x).add(positions); // [B, N, D]
        return config.variant().block() == Dit.BlockType.IN_CONTEXT
                ? Ops.cat(1, c, tokens)
                : tokens;
    }

    /// Returns `[B, D]` for adaptive norms, `[B, 2, D]` as tokens, `[B, depth, D]` where every
    /// block embeds by itself, for `t` and `y`, `[B]`.
    Tensor conditioning(Tensor t, Tensor y) {
        if (config.variant().perBlockEmbedders()) {
            return Ops.stack(1, embedders.stream().map(e -> e.sum(t, y)).toList());
        }
        Embedders own = embedders.getFirst();
        return Dit.isAdaptive(config.variant().block())
                ? own.sum(t, y)
                : Ops.stack(1, own.time().forward(t), own.label().forward(y));
    }

    /// Computes the conditioning at some times together, where one embedding serves all blocks.
    ///
    /// @param y labels `[R]`
    TimeTable steps(List<Float> times, Tensor y, List<Modulation> modulations) {
        Embedders own = embedders.getFirst();
        return TimeTable.of(times, own.time(), own.label().forward(y), modulations);
    }

    /// The stored table for the size the network was trained with; for another grid the same table
    /// with its positions stretched over that grid.
    private Tensor positions(int h, int w) {
        int grid = config.inputSize() / config.patchSize();
        return h == grid && w == grid ? posEmbed : Ops.like(table(config, h, w), posEmbed);
    }

    /// Returns the table `[1, h w, D]` of a grid of that size.
    static Tensor table(Dit.Config config, int h, int w) {
        int base = config.inputSize() / config.patchSize();
        double grid = base / config.variant().positionScale();
        return Positions.sinCos2d(config.hiddenSize(), h, w, grid / h, grid / w);
    }
}
