package org.dit4j.model;

import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.GridRegion;
import org.dit4j.nn.GridRegion.Spacing;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Positions;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The positions of [CogVideoX].
///
/// @param config of the network
/// @param learned the table of text and video `[1, L + N, D]` in the checkpoint, or null
record CogVideoXPositions(CogVideoXConfig config, @Nullable Tensor learned) {
    static CogVideoXPositions of(ParameterSource source, CogVideoXConfig config) {
        if (config.positions() != CogVideoXConfig.Positions.ROTARY_LEARNED) {
            return new CogVideoXPositions(config, null);
        }
        var usual = new VideoPatch.Grid(config.frames(), config.rows(), config.columns());
        return new CogVideoXPositions(
                config,
                source.buffer(
                        "pos_embedding",
                        () ->
                                new CogVideoXPositions(config, null)
                                        .table(usual, config.textLength()),
                        1,
                        config.textLength() + usual.tokens(),
                        config.hiddenSize()));
    }

    /// Returns what is added to the tokens of text and video, `[1, L + N, D]`. A learned table has
    /// one height and width; for another number of frames it is computed (diffusers,
    /// `embeddings.py`, `CogVideoXPatchEmbed`).
    ///
    /// @throws ShapeException if a learned table does not fit
    Tensor added(VideoPatch.Grid g, long length) {
        if (learned == null) {
            return table(g, length);
        }
        if (g.rows() != config.rows() || g.columns() != config.columns()) {
            throw new ShapeException(
                    "the learned positions are of %d x %d patches, the latents of %d x %d"
                            .formatted(config.rows(), config.columns(), g.rows(), g.columns()));
        }
        if (g.frames() != config.frames()) {
            return table(g, length);
        }
        if (length != config.textLength()) {
            throw new ShapeException(
                    "the learned positions are of %d tokens of text, the text has %d"
                            .formatted(config.textLength(), length));
        }
        return learned;
    }

    /// Zero for the text; a quarter of the channels for the frame, the others for column and row
    /// (diffusers, `embeddings.py`, `get_3d_sincos_pos_embed`).
    private Tensor table(VideoPatch.Grid g, long length) {
        int d = config.hiddenSize();
        double step = 1 / config.spatialScale();
        int f = (int) g.frames();
        Tensor frames = Positions.sinCos1d(d / 4, f, 1 / config.temporalScale());
        Tensor places =
                Positions.sinCos2d(d / 4 * 3, (int) g.rows(), (int) g.columns(), step, step);
        Tensor video =
                Ops.cat(
                                3,
                                frames.unsqueeze(2).expand(-1, -1, places.size(1), -1),
                                places.unsqueeze(1).expand(-1, f, -1, -1))
                        .flatten(1, 2); // [1, N, D]
        return Ops.cat(1, Tensors.zeros(Dtype.FLOAT32, 1, length, d), video);
    }

    /// Returns the rotary positions of the video's tokens `[N, K]`: a quarter of the channels turns
    /// with the frame, three eighths each with row and column. Rows and columns lie in the part of
    /// the usual grid that the video covers; with patches over time they count up (diffusers,
    /// `pipeline_cogvideox.py`, `_prepare_rotary_positional_embeddings`).
    Rotary rotary(VideoPatch.Grid g) {
        int k = config.headWidth();
        int h = (int) g.rows();
        int w = (int) g.columns();
        GridRegion region =
                config.patchOverTime()
                        ? new GridRegion(0, 0, h, w)
                        : GridRegion.filling(config.rows(), config.columns(), h, w);
        Spacing spacing = config.patchOverTime() ? Spacing.EVEN : Spacing.SHORTENED;
        double[] rows = region.rows(h, spacing);
        double[] columns = region.columns(w, spacing);
        double[][] places =
                IntStream.range(0, (int) g.tokens())
                        .mapToObj(i -> place(i, rows, columns))
                        .toArray(double[][]::new);
        return Rotary.axes(List.of(k / 4, k / 8 * 3, k / 8 * 3), places);
    }

    private static double[] place(int token, double[] rows, double[] columns) {
        int frame = token / (rows.length * columns.length);
        int row = token / columns.length % rows.length;
        return new double[] {frame, rows[row], columns[token % columns.length]};
    }
}
