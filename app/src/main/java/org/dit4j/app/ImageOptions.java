package org.dit4j.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.PictureFile;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Medium;
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
            description = "A picture to start from instead of noise; the first frame of a video.")
    private @Nullable Path image;

    @Option(
            names = "--last-image",
            paramLabel = "FILE",
            description = "The last frame of a video, for models that take one; needs --image.")
    private @Nullable Path lastImage;

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
            description =
                    "A ControlNet that steers the network; may be given several times, each with a"
                            + " --control.")
    private List<Path> controlNets = new ArrayList<>();

    @Option(
            names = "--control",
            paramLabel = "FILE",
            description =
                    "The picture that a ControlNet steers by: that of the model's own folder, if it"
                            + " has one, then that of each --controlnet in turn.")
    private List<Path> controls = new ArrayList<>();

    @Option(
            names = "--control-scale",
            paramLabel = "S",
            description =
                    "How strongly a --control steers, 0 to 10; 1 if not given. Once for all, or once"
                            + " for each.")
    private List<Double> controlScales = new ArrayList<>();

    /// Returns the request with the pictures, which are read.
    ///
    /// @param medium what the model makes
    /// @throws ParameterException if an option lacks the one that it belongs to
    GenerationRequest applied(GenerationRequest request, Medium medium) {
        require(
                image != null || (strength == null && mask == null && lastImage == null),
                "--strength, --mask and --last-image",
                "--image");
        require(controlNets.size() <= controls.size(), "--controlnet", "--control");
        require(
                controlScales.size() <= 1 || controlScales.size() == controls.size(),
                "several --control-scale",
                "as many --control");
        require(!controls.isEmpty() || controlScales.isEmpty(), "--control-scale", "--control");
        ConfigException.require(
                medium == Medium.PICTURES || controls.isEmpty(),
                "--control is for pictures, but this is a model of %s",
                medium.plural());
        GenerationRequest given =
                medium == Medium.VIDEOS ? framed(request) : started(request, medium);
        for (int i = 0; i < controls.size(); i++) {
            given = given.withControl(PictureFile.read(controls.get(i)), controlScale(i));
        }
        return given;
    }

    private GenerationRequest framed(GenerationRequest request) {
        ConfigException.require(
                strength == null && mask == null,
                "--strength and --mask are for pictures, but this is a model of videos, which"
                        + " begin with the --image");
        GenerationRequest given = request;
        if (image != null) {
            given = given.withFirstFrame(PictureFile.read(image));
        }
        return lastImage == null ? given : given.withLastFrame(PictureFile.read(lastImage));
    }

    private GenerationRequest started(GenerationRequest request, Medium medium) {
        ConfigException.require(
                lastImage == null,
                "--last-image is for videos, but this is a model of %s",
                medium.plural());
        GenerationRequest given = request;
        if (image != null) {
            given = given.withImage(PictureFile.read(image), strength());
        }
        return mask == null ? given : given.withMask(PictureFile.read(mask));
    }

    /// Returns how the pipeline is loaded.
    PipelineOptions applied(LoadOptions network) {
        var options = PipelineOptions.of(network).withResidency(Residency.RELEASE);
        for (Path path : controlNets) {
            options = options.withControlNet(path);
        }
        return options;
    }

    /// Returns what goes into the PNG.
    ///
    /// @param medium what the model makes
    Map<String, String> text(Medium medium) {
        var text = new LinkedHashMap<String, String>();
        put(text, "image", image);
        if (image != null && medium == Medium.PICTURES) {
            text.put("strength", Double.toString(strength()));
        }
        put(text, "last_image", lastImage);
        put(text, "mask", mask);
        int own = controls.size() - controlNets.size(); // of the model's folder
        for (int i = 0; i < controls.size(); i++) {
            String number = i == 0 ? "" : "_" + (i + 1);
            if (i >= own) {
                put(text, "controlnet" + number, controlNets.get(i - own));
            }
            put(text, "control" + number, controls.get(i));
            text.put("control_scale" + number, Double.toString(controlScale(i)));
        }
        return text;
    }

    private static void put(Map<String, String> text, String key, @Nullable Path path) {
        if (path != null) {
            text.put(key, path.toString());
        }
    }

    private double strength() {
        return strength == null ? STRENGTH : strength;
    }

    private double controlScale(int i) {
        if (controlScales.isEmpty()) {
            return 1;
        }
        return controlScales.get(controlScales.size() == 1 ? 0 : i);
    }

    private void require(boolean met, String options, String other) {
        if (!met) {
            throw new ParameterException(spec.commandLine(), options + " need " + other);
        }
    }
}
