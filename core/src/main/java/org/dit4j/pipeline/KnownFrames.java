package org.dit4j.pipeline;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// What is known of a video before it is sampled: its [KeyFrames] as a network takes them.
public interface KnownFrames {
    /// Nothing.
    KnownFrames NONE = network -> network;

    /// Returns a network that sees what is known, for latents of the video alone.
    Denoiser shownTo(Denoiser network);

    /// Returns finished latents with what is known put into them.
    default Tensor finished(Tensor z) {
        return z;
    }

    /// More channels for the network.
    ///
    /// @param latents of one video, with the axes of the latents of videos
    /// @param axis of the channels
    record Channels(Tensor latents, int axis) implements KnownFrames {
        @Override
        public Denoiser shownTo(Denoiser network) {
            return (x, t) -> {
                long[] shape = Shapes.of(latents);
                shape[0] = x.size(0);
                return network.predict(Ops.cat(axis, x, latents.expand(shape)), t);
            };
        }
    }
}
