package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.checkpoint.LoadOptions;

/// How a pipeline comes into memory.
///
/// @param network element type and device of the network, and adapters that are added to it
/// @param residency whether text encoders of diffusers' pipelines stay in memory
/// @param controlNet the folder or file of a ControlNet that steers the network
public record PipelineOptions(LoadOptions network, Residency residency, Optional<Path> controlNet) {
    /// Returns the options without a ControlNet, with all parts staying in memory.
    public static PipelineOptions of(LoadOptions network) {
        return new PipelineOptions(network, Residency.KEEP, Optional.empty());
    }

    /// Returns these options with another residency.
    public PipelineOptions withResidency(Residency other) {
        return new PipelineOptions(network, other, controlNet);
    }

    /// Returns these options with a ControlNet.
    public PipelineOptions withControlNet(Path path) {
        return new PipelineOptions(network, residency, Optional.of(path));
    }
}
