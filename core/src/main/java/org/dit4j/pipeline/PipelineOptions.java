package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dit4j.checkpoint.LoadOptions;

/// How a pipeline comes into memory.
///
/// @param network element type and device of the network, and adapters that are added to it
/// @param residency whether text encoders of diffusers' pipelines stay in memory
/// @param controlNets the folders or files of the ControlNets that steer the network
public record PipelineOptions(LoadOptions network, Residency residency, List<Path> controlNets) {
    /// Copies the list.
    public PipelineOptions {
        controlNets = List.copyOf(controlNets);
    }

    /// Returns the options without a ControlNet, with all parts staying in memory.
    public static PipelineOptions of(LoadOptions network) {
        return new PipelineOptions(network, Residency.KEEP, List.of());
    }

    /// Returns these options with another residency.
    public PipelineOptions withResidency(Residency other) {
        return new PipelineOptions(network, other, controlNets);
    }

    /// Returns these options with one more ControlNet.
    public PipelineOptions withControlNet(Path path) {
        var all = new ArrayList<>(controlNets);
        all.add(path);
        return new PipelineOptions(network, residency, all);
    }
}
