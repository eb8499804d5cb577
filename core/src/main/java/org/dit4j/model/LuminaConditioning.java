package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.LuminaDit.Condition;
import org.dit4j.model.LuminaDit.Conditioning;
import org.dit4j.model.LuminaDit.Config;
import org.dit4j.nn.Attended;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.Init;
import org.dit4j.nn.LabelEmbedding;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// What [LuminaDit] makes of time and class, or of time and the mean of the text: one vector.
///
/// @param config of the network
/// @param tEmbedder embeds the time
/// @param labels embeds the class, or null
/// @param caption embeds the text's mean, or null
record LuminaConditioning(
        Config config,
        TimestepEmbedding tEmbedder,
        @Nullable LabelEmbedding labels,
        @Nullable Caption caption) {
    private static final double EPS = 1e-5;

    /// Embeds the mean of a text's states.
    ///
    /// @param norm of the mean
    /// @param linear to the width of the condition, starts at zero
    record Caption(LayerNorm norm, Linear linear) {
        static Caption of(ParameterSource source, int textWidth, int width) {
            return new Caption(
                    source.layerNorm("0", textWidth, EPS),
                    source.linear("1", textWidth, width, Init.zeros()));
        }

        /// Embeds states `[B, L, E]` of which `mask` `[B, L]` names the real ones.
        Tensor forward(Tensor states, Tensor mask) {
            Tensor real = Ops.like(mask, states).unsqueeze(2); // [B, L, 1]
            Tensor sum = Ops.sum(states.mul(real), false, 1); // [B, E]
            return linear.forward(norm.forward(sum.div(Ops.sum(real, false, 1))));
        }
    }

    /// Builds it from the names of the original code, which stand at the root.
    static LuminaConditioning of(ParameterSource source, Config config) {
        int width = config.layers().conditionWidth();
        TimestepEmbedding time = TimestepEmbedding.of(source.at("t_embedder"), width, 0);
        return switch (config.conditioning()) {
            case Conditioning.Classes c ->
                    new LuminaConditioning(
                            config,
                            time,
                            LabelEmbedding.of(
                                    source.at("y_embedder"), c.count(), width, c.dropoutProb() > 0),
                            null);
            case Conditioning.Captions c ->
                    new LuminaConditioning(
                            config,
                            time,
                            null,
                            Caption.of(source.at("cap_embedder"), c.width(), width));
        };
    }

    /// Checks the kind of the condition, and its shapes for a batch of `b`.
    private void require(Condition condition, long b) {
        switch (condition) {
            case Condition.Labels c -> {
                requireKind(labels != null, "text", "a class");
                Shapes.require(c.y(), "y", b);
            }
            case Condition.Captions c -> {
                requireKind(caption != null, "class", "a text");
                int width = ((Conditioning.Captions) config.conditioning()).width();
                Shapes.require(c.states(), "states", b, Shapes.ANY, width);
                Shapes.require(c.mask(), "mask", b, c.states().size(1));
            }
        }
    }

    private static void requireKind(boolean fits, String wanted, String given) {
        if (!fits) {
            throw new ShapeException(
                    "this network is conditional on a %s but %s was given"
                            .formatted(wanted, given));
        }
    }

    /// Embeds what is the same at all times.
    LuminaDit.Prepared prepare(Condition condition) {
        return switch (condition) {
            case Condition.Labels c -> prepare(c, c.y().size(0));
            case Condition.Captions c -> prepare(c, c.states().size(0));
        };
    }

    /// The same for a batch of `b`.
    LuminaDit.Prepared prepare(Condition condition, long b) {
        require(condition, b);
        return switch (condition) {
            case Condition.Labels c when labels != null ->
                    new LuminaDit.Prepared(labels.forward(c.y()), null, null);
            case Condition.Captions c when caption != null ->
                    new LuminaDit.Prepared(
                            caption.forward(c.states(), c.mask()),
                            Attended.of(c.states()),
                            AttentionMask.of(c.mask(), c.states()));
            case Condition _ -> throw new IllegalStateException("the condition was not checked");
        };
    }
}
