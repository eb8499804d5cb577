package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.QuantizationTrials;
import org.dit4j.diffusion.Progress;
import org.dit4j.eval.CacheCalibrator;
import org.dit4j.eval.QuantizationCalibration;
import org.dit4j.eval.QuantizationCalibrator;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Medium;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.QuantizedKind;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The quality that a quantization is to keep to, and how that is measured.
final class BudgetOptions {
    private static final long SEED = 1000;

    @Option(
            names = "--budget",
            paramLabel = "DB",
            description =
                    "Keep the matrices as they are that cost most, so that pictures keep to this"
                            + " PSNR, such as 35dB, against those of MODEL. Pictures are drawn to"
                            + " measure it.")
    private String budget = "";

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description =
                    "With --budget: a prompt, or a class, to measure with. May be given several"
                            + " times.")
    private List<String> prompts = List.of();

    @Option(
            names = "--pictures",
            paramLabel = "N",
            description = "With --budget: pictures to compare; ${DEFAULT-VALUE} if not given.")
    private int pictures = CacheCalibrator.PICTURES;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description =
                    "With --budget: steps of the sampler; the model's own number if not given.")
    private @Nullable Integer steps;

    /// Returns whether there is a budget.
    ///
    /// @throws ConfigException if there is none and yet options for it
    boolean given() {
        ConfigException.require(
                !budget.isEmpty()
                        || (prompts.isEmpty()
                                && steps == null
                                && pictures == CacheCalibrator.PICTURES),
                "--prompt, --pictures and --steps are for --budget");
        return !budget.isEmpty();
    }

    /// Fails if the budget is none or the model draws no pictures to measure it with.
    void require(Path model) {
        CacheOptions.decibel("--budget", budget);
        ConfigException.require(
                Files.isRegularFile(model.resolve("model_index.json"))
                        && Pipelines.medium(model) == Medium.PICTURES,
                "--budget is measured with pictures: %s is not the folder of a pipeline that draws them",
                model);
        ConfigException.require(
                pictures >= 2 && pictures <= CacheCalibrator.MOST,
                "--pictures must be 2 to %d but is %d",
                CacheCalibrator.MOST,
                pictures);
    }

    /// Draws pictures to find the matrices to keep.
    ///
    /// @param chosen names of the matrices that may be quantized
    /// @throws ConfigException if that is all of them
    QuantizationReport measured(
            Path model, QuantizedKind kind, Predicate<String> chosen, PrintWriter err) {
        double least = CacheOptions.decibel("--budget", budget);
        var trials = new QuantizationTrials(model.resolve("transformer"), kind, chosen);
        LoadOptions options = LoadOptions.inference().withTrials(trials);
        try (Pipeline pipeline = Pipelines.load(model, options);
                var bar = new Bar(err)) {
            GenerationRequest request =
                    GenerationRequest.of("0")
                            .withPrompts(prompts(pipeline))
                            .withSeed(SEED)
                            .withSteps(SamplingOptions.given("--steps", steps).intValue());
            var calibrator = new QuantizationCalibrator(pipeline, trials, request, least);
            QuantizationCalibration found =
                    calibrator
                            .run(counted(bar, trials))
                            .orElseThrow(() -> new ConfigException(missed(model, kind, least)));
            return new QuantizationReport(found, least);
        }
    }

    private List<String> prompts(Pipeline pipeline) {
        return prompts.isEmpty()
                ? CacheCalibrator.prompts(pipeline, pictures)
                : IntStream.range(0, pictures)
                        .mapToObj(i -> prompts.get(i % prompts.size()))
                        .toList();
    }

    private static Progress counted(Bar bar, QuantizationTrials trials) {
        var runs = new AtomicInteger();
        return (state, calls) -> {
            if (state.call() >= calls) {
                int all = QuantizationCalibrator.runs(trials.matrices().size());
                bar.show("measuring", runs.incrementAndGet(), all, "");
            }
            return true;
        };
    }

    private static String missed(Path model, QuantizedKind kind, double least) {
        return String.format(
                Locale.ROOT,
                "%s: no matrix can become %s within %.1f dB, so nothing was written",
                model,
                QuantizedModel.name(kind),
                least);
    }
}
