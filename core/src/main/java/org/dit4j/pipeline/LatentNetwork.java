package org.dit4j.pipeline;

import java.util.List;

/// What a network needs of the latents of pictures that it denoises.
public interface LatentNetwork extends SampledNetwork {
    /// Returns what height and width of the latents must be multiples of.
    int unit();

    /// Returns the usual height and width of the latents.
    int inputSize();

    /// Returns the number of tokens of latents, of which some schedulers take their shift.
    default long tokens(long height, long width) {
        return height * width / ((long) unit() * unit());
    }

    /// Returns what each ControlNet takes for its control picture.
    default List<ControlLatents> controls() {
        return List.of();
    }
}
