package org.dit4j.app;

import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.train.RunConfig.Precision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options of commands that draw pictures with a model.
final class SamplingOptions {
    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Seed of the noise; ${DEFAULT-VALUE} if not given.")
    private long seed;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Steps of the sampler; the model's own number if not given.")
    private @Nullable Integer steps;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description =
                    "Scale of classifier-free guidance, 1 for none; the model's own if not given.")
    private @Nullable Double guidance;

    @Option(
            names = "--sampler",
            paramLabel = "NAME",
            description =
                    "ddpm, ddim, dpm++2m, unipc, euler, heun and others, as the model's process"
                            + " allows; a wrong name lists them. The model's own if not given.")
    private String sampler = "";

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "fp32 or bf16; ${DEFAULT-VALUE} if not given.")
    private Precision precision = Precision.FP32;

    @Mixin private DeviceOption place = new DeviceOption();

    /// Returns the request as the options have it.
    ///
    /// @throws ConfigException if a number is not above 0
    GenerationRequest applied(GenerationRequest request) {
        return request.withSeed(seed)
                .withSteps(given("--steps", steps).intValue())
                .withGuidance(given("--guidance", guidance).doubleValue())
                .withSampler(sampler);
    }

    /// Returns the seed.
    long seed() {
        return seed;
    }

    /// Returns how the networks come into memory.
    LoadOptions loading() {
        return LoadOptions.inference().withDtype(precision.dtype()).withDevice(place.device());
    }

    /// Returns the precision of the network.
    Precision precision() {
        return precision;
    }

    /// Returns the number, or 0 if none was given.
    static Number given(String option, @Nullable Number value) {
        if (value == null) {
            return 0;
        }
        ConfigException.require(
                value.doubleValue() > 0, "%s must be above 0 but is %s", option, value);
        return value;
    }
}
