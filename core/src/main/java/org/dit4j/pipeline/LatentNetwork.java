package org.dit4j.pipeline;

import java.util.List;

/// What a network needs of the latents of pictures that it denoises.
public interface LatentNetwork extends SampledNetwork {
    /// What latents a network takes.
    ///
    /// @param channels C
    /// @param unit what height and width must be multiples of
    /// @param side the usual height and width
    record Latents(int channels, int unit, int side) {}

    /// Returns what latents the network takes.
    Latents latents();

    @Override
    default int inChannels() {
        return latents().channels();
    }

    /// Returns whether the network was trained on a list of sizes, see [PictureSize#exact].
    default boolean binned() {
        return false;
    }

    /// Returns the number of tokens of latents, of which some schedulers take their shift.
    default long tokens(long height, long width) {
        long unit = latents().unit();
        return height * width / (unit * unit);
    }

    /// Returns what each ControlNet takes for its control picture.
    default List<ControlLatents> controls() {
        return List.of();
    }
}
