package org.dit4j.app;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.dit4j.ConfigException;
import org.dit4j.model.Dit;
import org.dit4j.model.DitPresets;
import org.dit4j.tensor.Ops;
import org.dit4j.train.RunConfig.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j bench`: how fast is this machine?
@Command(
        name = "bench",
        subcommands = {BenchCommand.Step.class, BenchCommand.Train.class, LoadBench.class},
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
            "  dit4j bench train --model DiT-S/2 --input-size 32 --batch 16 --precision bf16 --json",
            "  dit4j bench step --model DiT-XL/2 --precision bf16 --device cuda",
            "  dit4j bench load DiT-XL-2-256x256.safetensors --read"
        })
final class BenchCommand implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /// What both benchmarks take.
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

        @Option(
                names = "--precision",
                defaultValue = "fp32",
                description = "fp32 or bf16 (default: ${DEFAULT-VALUE}).")
        Precision precision = Precision.FP32;

        @Option(
                names = "--repeat",
                paramLabel = "N",
                defaultValue = "5",
                description = "Timed steps, after one that is not (default: ${DEFAULT-VALUE}).")
        int repeat;

        @Option(
                names = "--threads",
                paramLabel = "N",
                description = "Threads to compute with (default: one for each core).")
        int threads;

        @Mixin DeviceOption place = new DeviceOption();

        @Option(names = "--json", description = "Print one JSON document.")
        boolean json;

        /// Checks the numbers, sets the threads and returns the network's configuration.
        Dit.Config config() {
            within("--batch", batch, 1, 4096);
            within("--input-size", inputSize, 1, 1024);
            within("--repeat", repeat, 1, 100_000);
            if (threads != 0) {
                within("--threads", threads, 1, 1024);
                Ops.setThreads(threads);
            }
            return DitPresets.of(model, inputSize);
        }

        private static void within(String option, int value, int least, int most) {
            ConfigException.require(
                    value >= least && value <= most,
                    "%s must be %d to %d but is %d",
                    option,
                    least,
                    most,
                    value);
        }

        void report(String benchmark, Timing timing, long parameters, PrintWriter out) {
            out.println(
                    json
                            ? BenchReport.json(benchmark, this, timing, parameters)
                            : BenchReport.text(benchmark, this, timing, parameters));
        }
    }

    /// One call of the network, as each step of sampling makes it.
    @Command(
            name = "step",
            description = "Time one call of a network, as each step of sampling makes it.",
            footer = {
                "",
                "Example:",
                "  dit4j bench step --model DiT-XL/2 --batch 2 --precision bf16 --repeat 5 --json"
            })
    static final class Step implements Callable<Integer> {
        @Spec private CommandSpec spec = CommandSpec.create();
        @Mixin private Work work = new Work();

        @Override
        public Integer call() {
            Dit.Config config = work.config();
            try (var step =
                    SampledStep.of(
                            config, work.batch, work.precision.dtype(), work.place.device())) {
                Timing timing = Timing.measure(step, work.repeat);
                work.report("step", timing, step.parameters(), spec.commandLine().getOut());
            }
            return 0;
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
                            config, work.batch, work.precision.dtype(), work.place.device())) {
                Timing timing = Timing.measure(step, work.repeat);
                work.report("train", timing, step.parameters(), spec.commandLine().getOut());
            }
            return 0;
        }
    }
}
