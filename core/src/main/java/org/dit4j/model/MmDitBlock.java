package org.dit4j.model;

import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.MmDitStream.Heads;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Rotary;
import org.dit4j.tensor.AttentionKernel;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A block of [MmDit] (Esser et al. 2024, arXiv:2403.03206, section 4 and figure 2b;
/// Stability-AI/sd3.5, `mmditx.py`, `block_mixing`): text and picture have weights of their own and
/// attend to each other in one sequence, text first. The double blocks of [Flux] are the same with
/// rotary positions.
///
/// @param context the weights of the text
/// @param image the weights of the picture
record MmDitBlock(MmDitStream context, MmDitStream image) {
    /// Both sequences.
    ///
    /// @param text `[B, L, D]`
    /// @param x `[B, N, D]`
    record Tokens(Tensor text, Tensor x) {}

    /// Builds block `i` from the names of the original code.
    ///
    /// @param last whether nothing more is needed of the text after it
    static MmDitBlock of(ParameterSource source, MmDit.Config config, int i, boolean last) {
        boolean dual = config.dualAttentionLayers().contains(i);
        return new MmDitBlock(
                MmDitStream.of(source.at("context_block"), config, last, false),
                MmDitStream.of(source.at("x_block"), config, false, dual));
    }

    /// Returns the modulations of the text and of the picture.
    Stream<Modulation> modulations() {
        return Stream.of(context.modulation(), image.modulation());
    }

    /// Applies the block.
    ///
    /// @param text `[B, L, D]`
    /// @param x tokens of the picture `[B, N, D]`
    /// @param c time and pooled text `[B, D]`
    /// @return both sequences; the last block, of whose text nothing more is needed, gives `text`
    ///   itself
    Tokens forward(Tensor text, Tensor x, Tensor c) {
        return forward(text, x, c, null);
    }

    /// Applies the block.
    ///
    /// @param positions turns queries and keys of both sequences, `[L + N, K]`, or null
    Tokens forward(Tensor text, Tensor x, Tensor c, @Nullable Rotary positions) {
        return forward(
                text, x, context.modulation().forward(c), image.modulation().forward(c), positions);
    }

    /// Applies the block.
    ///
    /// @param mText what the modulation of the text gives, each `[B, 1, D]`
    /// @param mImage what that of the picture gives, each `[B, 1, D]`
    Tokens forward(
            Tensor text, Tensor x, Tensor[] mText, Tensor[] mImage, @Nullable Rotary positions) {
        Tensor joint =
                attend(
                        context.heads(text, mText),
                        image.heads(x, mImage),
                        positions); // [B, L + N, D]
        long l = text.size(1);
        return new Tokens(
                context.finish(text, joint.narrow(1, 0, l), mText), // [B, L, D]
                image.finish(x, joint.narrow(1, l, x.size(1)), mImage)); // [B, N, D]
    }

    private static Tensor attend(Heads text, Heads image, @Nullable Rotary positions) {
        Tensor q = Ops.cat(2, text.q(), image.q()); // [B, A, L + N, K]
        Tensor k = Ops.cat(2, text.k(), image.k()); // [B, A, L + N, K]
        Tensor v = Ops.cat(2, text.v(), image.v()); // [B, A, L + N, K]
        if (positions != null) {
            q = positions.rotate(q);
            k = positions.rotate(k);
        }
        Tensor y = AttentionKernel.attend(q, k, v, null, 1 / Math.sqrt(q.size(3)));
        return y.transpose(1, 2).flatten(2, 3); // [B, L + N, D]
    }
}
