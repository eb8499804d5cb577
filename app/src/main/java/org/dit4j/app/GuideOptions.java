package org.dit4j.app;

import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Guide;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How guidance leads, beyond its scale.
final class GuideOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--negative",
            paramLabel = "PROMPT",
            description = "What the pictures are led away from.")
    private String negative = "";

    @Option(
            names = "--guidance-rescale",
            paramLabel = "PHI",
            description =
                    "How much of the growth of contrast by guidance is taken back, 0 to 1;"
                            + " ${DEFAULT-VALUE} if not given.")
    private double rescale;

    @Option(
            names = "--guidance-interval",
            paramLabel = "FROM:TO",
            description =
                    "Guide only while the noise level is between these, 0 (the picture) to 1 (the"
                            + " noise).")
    private String interval = "";

    @Option(
            names = "--true-guidance",
            paramLabel = "G",
            description =
                    "Scale of classifier-free guidance for models that take --guidance as an input"
                            + " and need none, such as FLUX.1; ${DEFAULT-VALUE}, none, if not given.")
    private double trueScale = 1;

    /// Returns the request as the options have it.
    ///
    /// @throws ParameterException if the interval is none
    GenerationRequest applied(GenerationRequest request) {
        Guide guide =
                request.guide()
                        .withNegative(negative)
                        .withRescale(rescale)
                        .withTrueScale(trueScale);
        if (interval.isEmpty()) {
            return request.withGuide(guide);
        }
        if (!interval.matches("[01]?(\\.\\d{1,9})?:[01]?(\\.\\d{1,9})?")
                || interval.startsWith(":")
                || interval.endsWith(":")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--guidance-interval must look like 0.2:0.9 but is " + interval);
        }
        String[] ends = interval.split(":", 2);
        return request.withGuide(
                guide.during(Double.parseDouble(ends[0]), Double.parseDouble(ends[1])));
    }
}
