package org.dit4j.pipeline;

import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.SamplerFactory;

/// What a network needs of the latents that it denoises and of the way it is sampled from.
public interface LatentNetwork {
    /// Returns the channels of the latents.
    int inChannels();

    /// Returns what height and width of the latents must be multiples of.
    int unit();

    /// Returns the usual height and width of the latents.
    int inputSize();

    /// Returns the number of tokens of latents, of which some schedulers take their shift.
    default long tokens(long height, long width) {
        return height * width / ((long) unit() * unit());
    }

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

    /// Returns what the network takes for a control picture.
    default ControlLatents control() {
        return ControlLatents.NONE;
    }
}
