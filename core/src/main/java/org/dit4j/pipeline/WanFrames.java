package org.dit4j.pipeline;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// The given frames of a video as the networks of Wan take them (diffusers, `pipeline_wan_i2v.py`,
/// `prepare_latents`).
final class WanFrames {
    private WanFrames() {}

    /// Returns further channels: which frames are given, one channel for each frame of a latent,
    /// and the latents of a video that is grey but for those.
    ///
    /// @param r resolved, with the given frames
    /// @param frames of the latents
    static KnownFrames channels(
            GenerationRequest r, KeyFrames given, VideoAutoencoder autoencoder, int frames) {
        int n = r.clip().frames();
        Picture last = n > 1 ? given.last() : null;
        Tensor first = pixels(given.first(), r); // [1, 3, 1, H, W]
        Tensor grey =
                Tensors.zeros(
                        Dtype.FLOAT32, 1, 3, n - (last == null ? 1 : 2), r.height(), r.width());
        Tensor video =
                last == null
                        ? Ops.cat(2, first, grey)
                        : Ops.cat(2, first, grey, pixels(last, r)); // [1, 3, n, H, W]
        Tensor z = autoencoder.encode(video); // [1, C, F, h, w]
        Tensor mask =
                mask(frames, autoencoder.temporalDownsampling(), last != null); // [1, T, F, 1, 1]
        Tensor everywhere = mask.expand(-1, -1, -1, z.size(3), z.size(4));
        return new KnownFrames.Channels(Ops.cat(1, everywhere, z), 1);
    }

    /// The first frame counts as all those of its latent.
    private static Tensor mask(int frames, int perLatent, boolean ends) {
        var given = new float[frames * perLatent];
        for (int i = 0; i < perLatent; i++) {
            given[i] = 1;
        }
        if (ends) {
            given[given.length - 1] = 1;
        }
        return Tensors.of(given, 1, frames, perLatent, 1, 1).transpose(1, 2);
    }

    /// Returns the first latents, which stay as they are.
    static KnownFrames still(
            GenerationRequest r, KeyFrames given, VideoAutoencoder autoencoder, VideoPatch patch) {
        return new Still(autoencoder.encode(pixels(given.first(), r)), patch);
    }

    private static Tensor pixels(Picture picture, GenerationRequest r) {
        return InitImage.pixels(picture, r.width(), r.height()).unsqueeze(2);
    }

    /// The latents of the first frame, whose tokens have time 0, that of the data.
    ///
    /// @param first `[1, C, 1, h, w]`
    /// @param patch of one frame
    private record Still(Tensor first, VideoPatch patch) implements KnownFrames {
        @Override
        public Denoiser shownTo(Denoiser network) {
            return (x, t) -> network.predict(finished(x), times(x, t));
        }

        /// A time for each token, `[B, N]`.
        private Tensor times(Tensor x, Tensor t) {
            VideoPatch.Grid grid = patch.grid(x.size(2), x.size(3), x.size(4));
            long still = grid.rows() * grid.columns();
            Tensor zero = Tensors.zeros(Dtype.of(t), x.size(0), still);
            Tensor moving = t.unsqueeze(1).expand(-1, grid.tokens() - still);
            return Ops.cat(1, Ops.like(zero, t), moving);
        }

        @Override
        public Tensor finished(Tensor z) {
            Tensor own = Ops.like(first, z).expand(z.size(0), -1, -1, -1, -1);
            return Ops.cat(2, own, z.narrow(2, 1, z.size(2) - 1));
        }
    }
}
