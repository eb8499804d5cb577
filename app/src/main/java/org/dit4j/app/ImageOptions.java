package org.dit4j.app;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.PictureFile;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.PipelineOptions;
import org.dit4j.pipeline.Residency;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The pictures that generation starts from or is steered by.
final class ImageOptions {
    private static final double STRENGTH = 0.6;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "A picture to start from instead of noise.")
    private @Nullable Path image;

    @Option(
            names = "--strength",
            paramLabel = "S",
            description =
                    "How much of the sampling is done on --image, above 0, at most 1; "
                            + STRENGTH
                            + " if not given.")
    private @Nullable Double strength;

    @Option(
            names = "--mask",
            paramLabel = "FILE",
            description =
                    "A picture that is white where --image may change and black where it is kept.")
    private @Nullable Path mask;

    @Option(
            names = "--controlnet",
            paramLabel = "DIR",
            description = "A ControlNet that steers the network; needs --control.")
    private @Nullable Path controlNet;

    @Option(
            names = "--control",
            paramLabel = "FILE",
            description = "The picture that --controlnet steers by.")
    private @Nullable Path control;

    @Option(
            names = "--control-scale",
            paramLabel = "S",
            description = "How strongly it steers, 0 to 10; 1 if not given.")
    private @Nullable Double controlScale;

    /// Returns the request with the pictures, which are read.
    ///
    /// @throws ParameterException if an option lacks the one that it belongs to
    GenerationRequest applied(GenerationRequest request) {
        require(
                image != null || (strength == null && mask == null),
                "--strength and --mask",
                "--image");
        require(
                (controlNet == null) == (control == null),
                "--controlnet and --control",
                "each other");
        require(control != null || controlScale == null, "--control-scale", "--control");
        GenerationRequest given = request;
        if (image != null) {
            given = given.withImage(PictureFile.read(image), strength());
        }
        if (mask != null) {
            given = given.withMask(PictureFile.read(mask));
        }
        return control == null
                ? given
                : given.withControl(PictureFile.read(control), controlScale());
    }

    /// Returns how the pipeline is loaded.
    PipelineOptions applied(LoadOptions network) {
        var options = PipelineOptions.of(network).withResidency(Residency.RELEASE);
        return controlNet == null ? options : options.withControlNet(controlNet);
    }

    /// Returns what goes into the PNG.
    Map<String, String> text() {
        var text = new LinkedHashMap<String, String>();
        if (image != null) {
            text.put("image", image.toString());
            text.put("strength", Double.toString(strength()));
        }
        if (mask != null) {
            text.put("mask", mask.toString());
        }
        if (controlNet != null && control != null) {
            text.put("controlnet", controlNet.toString());
            text.put("control", control.toString());
            text.put("control_scale", Double.toString(controlScale()));
        }
        return text;
    }

    private double strength() {
        return strength == null ? STRENGTH : strength;
    }

    private double controlScale() {
        return controlScale == null ? 1 : controlScale;
    }

    private void require(boolean met, String options, String other) {
        if (!met) {
            throw new ParameterException(spec.commandLine(), options + " need " + other);
        }
    }
}
