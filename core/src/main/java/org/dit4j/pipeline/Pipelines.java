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
    /// @throws org.dit4j.ConfigException if the folder is no pipeline, one of videos or sounds, or
    ///   of a family that there is no code for
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

    /// Returns what the model of a folder makes, which says which of [#load], [#loadVideo] and
    /// [#loadAudio] opens it.
    ///
    /// @throws org.dit4j.ConfigException if the folder is no pipeline
    public static Medium medium(Path folder) {
        return new PipelineFolder(folder).medium();
    }

    /// Opens the pipeline of a folder in the arrangement of diffusers that makes videos.
    ///
    /// ```java
    /// try (var pipeline = Pipelines.loadVideo(folder, LoadOptions.inference(), Residency.KEEP)) {
    ///     Video video = pipeline.generate(GenerationRequest.of("a cat").withFrames(9)).getFirst();
    /// }
    /// ```
    ///
    /// @param options element type and device of the network, and adapters that are added to it
    /// @param residency whether text encoders stay in memory
    /// @throws org.dit4j.ConfigException if the folder is no pipeline of videos that there is code
    ///   for
    /// @throws org.dit4j.checkpoint.CheckpointException if weights are missing or do not fit
    public static TextToVideoPipeline loadVideo(
            Path folder, LoadOptions options, Residency residency) {
        return new PipelineFolder(folder).loadVideo(options, residency);
    }

    /// Opens the pipeline of a folder in the arrangement of diffusers that makes sounds; parameters
    /// and exceptions are those of [#loadVideo].
    public static TextToAudioPipeline loadAudio(
            Path folder, LoadOptions options, Residency residency) {
        return new PipelineFolder(folder).loadAudio(options, residency);
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
