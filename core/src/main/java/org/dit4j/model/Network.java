package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Parameters;

/// A class-conditional denoising network as three stages, so that a trainer can recompute one block
/// at a time.
public interface Network extends AutoCloseable {
    /// What the stages hand on.
    ///
    /// @param x tokens `[B, N, D]`
    /// @param c conditioning, `[B, D]` or `[B, L, D]`
    record Hidden(Tensor x, Tensor c) {}

    /// Embeds noisy latents, time and class.
    ///
    /// @param x `[B, C, H, W]`
    /// @param t `[B]`, in the unit the network was trained with
    /// @param y `[B]`, int64
    Hidden embed(Tensor x, Tensor t, Tensor y);

    /// Returns the number of blocks.
    int depth();

    /// Applies block `i` to the tokens `[B, N, D]`.
    Tensor block(int i, Tensor x, Tensor c);

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, H, W]`
    Tensor head(Tensor x, Tensor c, long h, long w);

    /// Predicts in one go: [#embed], all blocks, [#head].
    Tensor forward(Tensor x, Tensor t, Tensor y);

    /// Returns all parameters, which live as long as the network.
    Parameters parameters();

    @Override
    default void close() {
        parameters().close();
    }
}
