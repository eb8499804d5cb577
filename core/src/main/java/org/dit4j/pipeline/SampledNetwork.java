package org.dit4j.pipeline;

import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.SamplerFactory;

/// What a network needs of the way it is sampled from.
public interface SampledNetwork {
    /// Returns the channels of the latents.
    int inChannels();

    /// Returns classifier-free guidance as a request asks for it.
    default Guidance guidance(Guide guide) {
        return Guidance.of(guide.scale(), Guidance.Scope.DATA);
    }

    /// Returns a method on the noise levels that the network is sampled with.
    default SamplerFactory onLevels(SamplerFactory method) {
        return method;
    }

    /// Returns whether noise is drawn for both halves of a guided batch, of which the first is
    /// used, as DiT does.
    default boolean drawsTwice() {
        return false;
    }

    /// Returns whether the network can stop after its first block, see
    /// [org.dit4j.diffusion.FirstBlockCache].
    default boolean splits() {
        return false;
    }
}
