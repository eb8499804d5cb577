package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// The latents of videos: how many there are, and the way back from them. Latents are filled up at
/// the front to whole patches of the network; what was added is not decoded (diffusers,
/// `pipeline_cogvideox.py`).
///
/// @param network says how they are arranged
/// @param autoencoder one of videos, or one of pictures that sees each frame by itself
record VideoLatents(VideoNetwork network, Autoencoder autoencoder) {
    /// Frames that an autoencoder of pictures decodes at once.
    private static final int CHUNK = 8;

    /// Returns how many frames, after the first one, a latent stands for.
    int temporal() {
        return autoencoder instanceof VideoAutoencoder video ? video.temporalDownsampling() : 1;
    }

    /// Returns the number of frames that can be made nearest to what is asked for.
    int rounded(int frames) {
        return autoencoder instanceof VideoAutoencoder video ? video.rounded(frames) : frames;
    }

    private int needed(int frames) {
        return (frames - 1) / temporal() + 1;
    }

    /// Returns the frames of the latents, a multiple of the patch's.
    int frames(int frames) {
        return needed(frames) + added(frames);
    }

    private int added(int frames) {
        return Math.floorMod(-needed(frames), network.patch().frames());
    }

    /// Returns the shape of the latents of one video, without B.
    List<Integer> shape(GenerationRequest r) {
        int f = frames(r.clip().frames());
        int c = autoencoder.latentChannels();
        int h = r.height() / autoencoder.downsampling();
        int w = r.width() / autoencoder.downsampling();
        return network.framesFirst() ? List.of(f, c, h, w) : List.of(c, f, h, w);
    }

    /// Returns the number of tokens of one video.
    long tokens(GenerationRequest r) {
        int f = autoencoder.downsampling();
        return network.patch()
                .grid(frames(r.clip().frames()), r.height() / f, r.width() / f)
                .tokens();
    }

    /// Returns latents without what was added, to be decoded.
    ///
    /// @param frames of the video
    Tensor cut(Tensor z, int frames) {
        return z.narrow(network.framesFirst() ? 1 : 2, added(frames), needed(frames));
    }

    /// Decodes latents.
    ///
    /// @param z as the sampler gives them
    /// @return `[B, 3, F, H, W]`, about in [-1, 1], in the caller's scope
    Tensor decode(Tensor z) {
        return TensorScope.compute(() -> {
            Tensor ordered = network.framesFirst() ? z.transpose(1, 2) : z; // [B, C, f, h, w]
            return autoencoder instanceof VideoAutoencoder
                    ? autoencoder.decode(ordered.contiguous())
                    : frameByFrame(ordered);
        });
    }

    private Tensor frameByFrame(Tensor z) {
        Tensor frames = z.transpose(1, 2).flatten(0, 1); // [B f, C, h, w]
        var decoded = new ArrayList<Tensor>();
        for (long from = 0; from < frames.size(0); from += CHUNK) {
            long n = Math.min(CHUNK, frames.size(0) - from);
            decoded.add(autoencoder.decode(frames.narrow(0, from, n)));
        }
        Tensor x = Ops.cat(0, decoded.toArray(Tensor[]::new)); // [B f, 3, H, W]
        Tensor videos = x.reshape(z.size(0), z.size(2), x.size(1), x.size(2), x.size(3));
        return videos.transpose(1, 2).contiguous();
    }
}
