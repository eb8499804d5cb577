package org.dit4j.pipeline;

import java.nio.file.Path;
import org.dit4j.checkpoint.LoadOptions;

/// Opens pipelines.
public final class Pipelines {
    private Pipelines() {}

    /// Opens the pipeline of a folder in float32 on the CPU, see [#load(Path, LoadOptions)].
    public static Pipeline load(Path folder) {
        return load(folder, LoadOptions.inference());
    }

    /// Opens the pipeline of a folder: one that `dit4j train` wrote, or one in the arrangement of
    /// diffusers (`model_index.json` with `transformer/`, `vae/` and `scheduler/`).
    ///
    /// ```java
    /// Pipelines.load(folder, LoadOptions.inference().withLoras(List.of(new Lora(file, 0.8))))
    /// ```
    ///
    /// @param options element type and device of the network, and adapters that are added to it
    /// @throws org.dit4j.ConfigException if the folder is no pipeline, or of a family that there is
    ///   no code for
    /// @throws org.dit4j.checkpoint.CheckpointException if weights are missing or do not fit
    public static Pipeline load(Path folder, LoadOptions options) {
        return load(folder, PipelineOptions.of(options));
    }

    /// Opens the pipeline of a folder.
    ///
    /// @param residency whether text encoders of diffusers' pipelines stay in memory
    public static Pipeline load(Path folder, LoadOptions options, Residency residency) {
        return load(folder, PipelineOptions.of(options).withResidency(residency));
    }

    /// Opens the pipeline of a folder.
    ///
    /// @throws org.dit4j.ConfigException also if there is no code for ControlNets of that family
    public static Pipeline load(Path folder, PipelineOptions options) {
        return new PipelineFolder(folder).load(options);
    }

    /// Writes a pipeline into a folder that [#load(Path)] reads.
    public static void save(DitPipeline pipeline, Path folder) {
        new PipelineFolder(folder).save(pipeline);
    }

    /// Writes a pipeline into a folder that [#load(Path)] reads; its text encoders are named there,
    /// not copied.
    ///
    /// @throws org.dit4j.ConfigException if its network is none that this library trains
    public static void save(TextToImagePipeline pipeline, Path folder) {
        new PipelineFolder(folder).save(pipeline);
    }
}
