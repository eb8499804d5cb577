package org.dit4j.app;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;

/// What a network that is timed is called with. Tensors belong to the caller's innermost scope.
///
/// @param rng draws the numbers
/// @param batch B
/// @param size of the latents
/// @param textTokens tokens of each text, L
/// @param dtype of latents and states
/// @param device where they live
record RandomInputs(
        Rng rng, int batch, LatentSize size, int textTokens, Dtype dtype, Device device) {
    /// Returns normal numbers `[B, ...shape]`.
    Tensor normal(long... shape) {
        long[] whole = new long[shape.length + 1];
        whole[0] = batch;
        System.arraycopy(shape, 0, whole, 1, shape.length);
        return Ops.to(Ops.to(rng.normal(whole), dtype), device);
    }

    /// Returns latents of a picture `[B, C, H, W]`, a video `[B, C, F, H, W]` or a sound `[B, C,
    /// F]`.
    Tensor latents(int channels) {
        return normal(
                IntStream.of(channels, size.frames(), size.height(), size.width())
                        .filter(n -> n > 0)
                        .asLongStream()
                        .toArray());
    }

    /// Returns latents of a video with its frames in front, `[B, F, C, H, W]`.
    Tensor frames(int channels) {
        return normal(size.frames(), channels, size.height(), size.width());
    }

    /// Returns states of a text `[B, L, width]`.
    Tensor text(int width) {
        return normal(textTokens, width);
    }

    /// Returns a mask without padding `[B, tokens]`.
    Tensor mask(int tokens) {
        return Tensors.full(1, Dtype.FLOAT32, batch, tokens);
    }

    /// Returns the same number for each example, float32 `[B]`.
    Tensor each(double value) {
        return Ops.to(Tensors.full(value, Dtype.FLOAT32, batch), device);
    }

    /// Returns labels `[B]`, of which every second is that of no class, as guidance asks for it.
    Tensor labels(int classes) {
        var labels = new long[batch];
        Arrays.setAll(labels, i -> i % 2 == 0 ? i % classes : classes);
        return Ops.to(Tensors.of(labels, batch), device);
    }
}
