package org.dit4j.autoencoder;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// A part of the encoder or decoder of videos: `[B, C, F, H, W]` to `[B, C', F', H', W']`. It sees
/// a video chunk by chunk.
@FunctionalInterface
interface VideoLayer {
    /// What a layer may know of a chunk besides its features.
    ///
    /// @param input what entered the network, `[B, C, F, H, W]`: the latents in a decoder
    /// @param first whether it begins the video
    /// @param cache what the layers remember of the chunks before
    record Chunk(Tensor input, boolean first, FeatureCache cache) {}

    /// Applies the layer; `x` is borrowed, the result belongs to the caller's scope.
    Tensor forward(Tensor x, Chunk chunk);

    /// Applies layers one after the other, as [Layer#chain] does.
    static Tensor chain(Tensor x, List<VideoLayer> layers, Chunk chunk) {
        return Layer.chain(
                x, layers.stream().<Layer>map(layer -> h -> layer.forward(h, chunk)).toList());
    }

    /// Sends a video through a network chunk by chunk.
    ///
    /// @param x `[B, C, F, H, W]`
    /// @param lengths frames of each chunk
    /// @return the results one after the other, `[B, C', F', H', W']`
    static Tensor stream(Tensor x, long[] lengths, List<VideoLayer> layers) {
        var parts = new Tensor[lengths.length];
        try (var cache = new FeatureCache()) {
            long from = 0;
            for (int i = 0; i < parts.length; i++) {
                var chunk = new Chunk(x.narrow(2, from, lengths[i]), i == 0, cache);
                parts[i] =
                        TensorScope.compute(() -> chain(chunk.input, layers, chunk).contiguous());
                from += lengths[i];
            }
        }
        return parts.length == 1 ? parts[0] : Ops.cat(2, parts);
    }

    /// Applies `body`, which maps pictures `[N, C, H, W]`, to every frame of `[B, C, F, H, W]`.
    static Tensor eachFrame(Tensor x, UnaryOperator<Tensor> body) {
        long b = x.size(0);
        long f = x.size(2);
        Tensor y = body.apply(x.transpose(1, 2).flatten(0, 1)); // [B F, C', H', W']
        return y.reshape(b, f, y.size(1), y.size(2), y.size(3)).transpose(1, 2);
    }
}
