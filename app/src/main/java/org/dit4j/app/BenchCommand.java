package org.dit4j.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dit4j.model.Dit;
import org.dit4j.model.DitPresets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j bench`: how fast is this machine?
@Command(
        name = "bench",
        subcommands = {
            StepBench.class,
            BenchCommand.Train.class,
            BlocksBench.class,
            DecodeBench.class,
            LoadBench.class
        },
        description = {
            "Time networks with random weights on this machine.",
            "",
            "Prints the median, the fastest and the slowest of the repeated steps, pictures per"
                    + " second and the largest resident memory of the process."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j bench step --model DiT-XL/2 --batch 2 --precision bf16 --repeat 5",
            "  dit4j bench step --model SD3.5-large --layers 4 --precision bf16",
            "  dit4j bench train --model DiT-S/2 --input-size 32 --batch 16 --precision bf16 --json",
            "  dit4j bench blocks --model SD3-medium --tokens 4096 --precision bf16",
            "  dit4j bench decode --size 256 --precision bf16",
            "  dit4j bench step --model DiT-XL/2 --precision bf16 --device cuda",
            "  dit4j bench load DiT-XL-2-256x256.safetensors --read"
        })
final class BenchCommand implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /// What the benchmark of training takes.
    static final class Work {
        @Option(
                names = "--model",
                paramLabel = "NAME",
                defaultValue = "DiT-XL/2",
                description =
                        "Preset: DiT or SiT, S to XL, / 2, 4 or 8 (default: ${DEFAULT-VALUE}).")
        String model = "";

        @Option(
                names = "--input-size",
                paramLabel = "N",
                defaultValue = "32",
                description = "Height and width of the latents (default: ${DEFAULT-VALUE}).")
        int inputSize;

        @Option(
                names = "--batch",
                paramLabel = "N",
                defaultValue = "2",
                description = "Samples a step (default: ${DEFAULT-VALUE}).")
        int batch;

        @Mixin private BenchOptions options = new BenchOptions();

        /// Checks the numbers, sets the threads and returns the network's configuration.
        Dit.Config config() {
            BenchOptions.within("--batch", batch, 1, 4096);
            BenchOptions.within("--input-size", inputSize, 1, 1024);
            options.apply();
            return DitPresets.of(model, inputSize);
        }

        void measure(String benchmark, Runnable step, long parameters, PrintWriter out) {
            String title =
                    String.format(
                            Locale.ROOT,
                            "%s (%,d parameters), latents %dx%d, batch %d",
                            model,
                            parameters,
                            inputSize,
                            inputSize,
                            batch);
            var work = new LinkedHashMap<String, Object>();
            work.put("model", model);
            work.put("parameters", parameters);
            work.put("input_size", inputSize);
            work.put("batch", batch);
            Timing timing = options.measure(step);
            options.print(new BenchReport(benchmark, title, work, batch, timing, Map.of()), out);
        }
    }

    /// One step of training: loss, gradients, AdamW, averaged weights.
    @Command(
            name = "train",
            description =
                    "Time one step of training: loss, gradients, AdamW and averaged weights, on"
                            + " random latents.",
            footer = {
                "",
                "Example:",
                "  dit4j bench train --model DiT-S/2 --input-size 32 --batch 16 --precision bf16"
                        + " --json"
            })
    static final class Train implements Callable<Integer> {
        @Spec private CommandSpec spec = CommandSpec.create();
        @Mixin private Work work = new Work();

        @Override
        public Integer call() {
            Dit.Config config = work.config();
            try (var step =
                    new TrainedStep(
                            config,
                            work.batch,
                            work.options.dtype(),
                            work.options.place.device())) {
                work.measure("train", step, step.parameters(), spec.commandLine().getOut());
            }
            return 0;
        }
    }
}
