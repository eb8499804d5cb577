package org.dit4j.app;

import org.dit4j.ConfigException;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Medium;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How long videos and sounds are.
final class ClipOptions {
    @Option(
            names = "--frames",
            paramLabel = "N",
            description = "Frames of a video; the model's own number if not given.")
    private @Nullable Integer frames;

    @Option(
            names = "--fps",
            paramLabel = "R",
            description =
                    "Frames a second that a video is shown at; those that the model was trained with"
                            + " if not given.")
    private @Nullable Double rate;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "Seconds of a sound; all that the model makes if not given.")
    private @Nullable Double seconds;

    /// Returns the request as the options have it.
    ///
    /// @throws ConfigException if a number is not above 0
    GenerationRequest applied(GenerationRequest request) {
        return request.withSeconds(SamplingOptions.given("--seconds", seconds).doubleValue())
                .withFrames(SamplingOptions.given("--frames", frames).intValue());
    }

    /// Returns the frames a second, 0 for those of the model.
    ///
    /// @param medium what the model makes
    /// @throws ConfigException if the number is not above 0, or is given where there are no frames
    double rate(Medium medium) {
        ConfigException.require(
                rate == null || medium == Medium.VIDEOS,
                "--fps is for videos, but this is a model of %s",
                medium.plural());
        return SamplingOptions.given("--fps", rate).doubleValue();
    }
}
