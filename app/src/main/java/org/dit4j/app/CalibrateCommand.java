package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.eval.CacheCalibration;
import org.dit4j.eval.CacheCalibrator;
import org.dit4j.eval.CacheTrial;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Medium;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j calibrate`.
@Command(
        name = "calibrate",
        description = {
            "Measure what the caches of a model cost in quality and save in time.",
            "",
            "Draws pictures without a cache and with each, prints the fastest for each quality, and"
                    + " keeps the result for `generate --cache-budget`."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j calibrate emoji-zh-en --steps 50",
            "  dit4j calibrate emoji --steps 50 --budget 35dB --pictures 16 --json"
        })
final class CalibrateCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description = "As `generate --model` takes it; ${DEFAULT-VALUE} if not given.")
    private String model = ModelFolders.DEFAULT;

    @Mixin private SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = "--budget",
            paramLabel = "DB",
            description =
                    "Least PSNR to look for, such as 20dB; caches below 25 dB are left out if not"
                            + " given.")
    private String budget = "";

    @Option(
            names = "--pictures",
            paramLabel = "N",
            description = "Pictures to compare; ${DEFAULT-VALUE} if not given.")
    private int pictures = CacheCalibrator.PICTURES;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Override
    public Integer call() {
        double least =
                budget.isEmpty() ? CacheCalibrator.FLOOR : CacheOptions.decibel("--budget", budget);
        Path folder = ModelFolders.shipped().find(model);
        ConfigException.require(
                Pipelines.medium(folder) == Medium.PICTURES,
                "caches are calibrated for models of pictures, and %s makes %s",
                model,
                Pipelines.medium(folder).plural());
        LoadOptions options = LoadOptions.inference().withDtype(sampling.precision().dtype());
        try (Pipeline pipeline = Pipelines.load(folder, options)) {
            GenerationRequest any = sampling.applied(GenerationRequest.of("0"));
            var choice =
                    CacheChoice.of(
                            pipeline,
                            folder,
                            new GenerationFiles.Network(model, List.of(), sampling.precision())
                                    .variant(),
                            spec.commandLine().getErr());
            report(choice.calibrated(pipeline.resolve(any), pictures, least), least);
        }
        return 0;
    }

    private void report(CacheCalibration calibration, double least) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonFile.mapper().writeValueAsString(calibration));
            return;
        }
        calibration.trials().stream()
                .sorted(Comparator.comparingDouble(CacheTrial::time))
                .filter(t -> calibration.fastest(t.safePsnr()).filter(t::equals).isPresent())
                .filter(t -> t.safePsnr() >= least)
                .forEach(t -> out.println(CacheChoice.text(t)));
    }
}
