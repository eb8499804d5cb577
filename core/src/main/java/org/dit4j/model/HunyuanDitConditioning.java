package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.HunyuanDit.Conditions;
import org.dit4j.model.HunyuanDit.Config;
import org.dit4j.model.HunyuanDit.Meta;
import org.dit4j.model.HunyuanDit.Pooled;
import org.dit4j.model.HunyuanDit.Text;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.AttentionPool;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.SiluMlp;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// What [HunyuanDit] makes of time, text, size and style: one vector, and the text's tokens.
///
/// @param config of the network
/// @param secondText projects the states of the second encoder to the width of the first
/// @param padding `[L, E]`, stands in for the tokens that are padding
/// @param pooler pools the states of one encoder
/// @param styles `[1, D]`, null without conditions on size and style
/// @param tEmbedder embeds the time
/// @param extraEmbedder embeds everything that is added to the time
record HunyuanDitConditioning(
        Config config,
        SiluMlp secondText,
        Tensor padding,
        AttentionPool pooler,
        @Nullable Tensor styles,
        TimestepEmbedding tEmbedder,
        SiluMlp extraEmbedder) {
    private static final int SIZES = 6;
    private static final int SIZE_FREQUENCIES = TimestepEmbedding.FREQUENCIES;

    /// Builds it from the names of the original code, which stand at the root.
    static HunyuanDitConditioning of(ParameterSource source, Config config) {
        Text text = config.text();
        int d = config.hiddenSize();
        boolean meta = config.sizeAndStyle();
        int extras = text.pooledWidth() + (meta ? SIZES * SIZE_FREQUENCIES + d : 0);
        return new HunyuanDitConditioning(
                config,
                SiluMlp.of(
                        source.at("mlp_t5"),
                        text.secondWidth(),
                        4L * text.secondWidth(),
                        text.width(),
                        Init.xavierUniform()),
                source.parameter(
                        "text_embedding_padding",
                        Init.normal(1),
                        text.length() + text.secondLength(),
                        text.width()),
                AttentionPool.of(
                        source.at("pooler"),
                        text.poolSourceLength(),
                        text.poolSourceWidth(),
                        text.pooledWidth(),
                        Text.POOL_HEADS),
                meta ? source.at("style_embedder").parameter("weight", Init.normal(1), 1, d) : null,
                TimestepEmbedding.of(source.at("t_embedder"), d, 0),
                SiluMlp.of(source.at("extra_embedder"), extras, 4L * d, d, Init.normal(0.02)));
    }

    /// Checks the shapes for a batch of `b`.
    void require(Conditions c, long b) {
        Text text = config.text();
        long n = Math.max(text.length(), c.states().size(1));
        long m = Math.max(text.secondLength(), c.secondStates().size(1));
        Shapes.require(c.states(), "states", b, n, text.width());
        Shapes.require(c.mask(), "mask", b, n);
        Shapes.require(c.secondStates(), "secondStates", b, m, text.secondWidth());
        Shapes.require(c.secondMask(), "secondMask", b, m);
        if (c.meta().isPresent() != config.sizeAndStyle()) {
            throw new ShapeException(
                    config.sizeAndStyle()
                            ? "this network needs size and style among its conditions"
                            : "this network has no conditions on size and style but they were"
                                    + " given");
        }
        c.meta()
                .ifPresent(meta -> {
                    Shapes.require(meta.sizes(), "sizes", b, SIZES);
                    Shapes.require(meta.style(), "style", b);
                });
    }

    /// Returns the vector of the conditions `[B, D]`, which is added to that of the time.
    Tensor vector(Conditions c) {
        return extraEmbedder.forward(extras(c)); // [B, D]
    }

    /// The pooled text; with size and style, 256 sinusoids of each size and a row of the style
    /// table after it: `[B, extras]`.
    private Tensor extras(Conditions c) {
        boolean first = config.text().pooled() == Pooled.FIRST;
        Tensor pooled =
                pooler.forward(
                        (first ? c.states() : c.secondStates())
                                .narrow(
                                        1,
                                        0,
                                        config.text().poolSourceLength())); // [B, pooledWidth]
        if (styles == null) {
            return pooled;
        }
        Meta meta = c.meta().orElseThrow();
        Tensor sizes =
                TimestepEmbedding.sinusoids(meta.sizes().flatten(0, 1), SIZE_FREQUENCIES, 0)
                        .reshape(pooled.size(0), SIZES * SIZE_FREQUENCIES); // [B, 6 * 256]
        Tensor style = Ops.embedding(styles, meta.style()); // [B, D]
        return Ops.cat(1, pooled, Ops.like(sizes, pooled), style); // [B, extras]
    }

    /// Returns the tokens of both encoders, with a learned row wherever there is padding: `[B, L,
    /// E]`.
    Tensor text(Conditions c) {
        Tensor second = secondText.forward(c.secondStates()); // [B, secondLength, E]
        Tensor states = Ops.cat(1, c.states(), second); // [B, L, E]
        Tensor mask =
                Ops.on(Ops.cat(1, c.mask(), c.secondMask()), states).unsqueeze(2); // [B, L, 1]
        Tensor rows = Ops.like(padding(c), states); // [L, E]
        return Ops.where(Ops.greaterThan(mask, 0), states, rows); // [B, L, E]
    }

    /// The learned rows of each encoder, and zeros for the tokens beyond its length.
    private Tensor padding(Conditions c) {
        int first = config.text().length();
        int second = config.text().secondLength();
        long more = c.states().size(1) - first;
        long secondMore = c.secondStates().size(1) - second;
        if (more == 0 && secondMore == 0) {
            return padding;
        }
        Tensor nothing = Ops.mul(padding.narrow(0, 0, 1), 0); // [1, E]
        return Ops.cat(
                0,
                padding.narrow(0, 0, first),
                nothing.expand(more, -1),
                padding.narrow(0, first, second),
                nothing.expand(secondMore, -1)); // [L, E]
    }

    /// Returns what keeps the padding beyond the lengths out of the attention, `[B, 1, 1, L]`: 0,
    /// or minus infinity where nothing stands. Null if there are no tokens beyond the lengths.
    @Nullable Tensor unused(Conditions c) {
        if (c.states().size(1) == config.text().length()
                && c.secondStates().size(1) == config.text().secondLength()) {
            return null;
        }
        Tensor used =
                Ops.cat(
                        1,
                        seen(c.mask(), config.text().length()),
                        seen(c.secondMask(), config.text().secondLength())); // [B, L]
        return AttentionMask.of(used, c.states()); // [B, 1, 1, L]
    }

    /// The first `length` tokens count always: where they are padding, a learned row stands.
    private static Tensor seen(Tensor mask, int length) {
        Tensor always = Ops.add(Ops.mul(mask.narrow(1, 0, length), 0), 1);
        return Ops.cat(1, always, mask.narrow(1, length, mask.size(1) - length));
    }
}
