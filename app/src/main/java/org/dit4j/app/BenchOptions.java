package org.dit4j.app;

import java.io.PrintWriter;
import java.util.Locale;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What every benchmark that repeats its work takes.
final class BenchOptions {
    @Option(
            names = "--precision",
            defaultValue = "fp32",
            description = "fp32 or bf16; for step also int8 or int4 (default: ${DEFAULT-VALUE}).")
    BenchPrecision precision = BenchPrecision.FP32;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            defaultValue = "5",
            description = "Timed runs, after one that is not (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads to compute with (default: one for each core).")
    private int threads;

    @Option(
            names = "--baseline",
            paramLabel = "SECONDS",
            description = "Also print the median's ratio to this time of another program.")
    private @Nullable Double baseline;

    @Mixin DeviceOption place = new DeviceOption();

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    /// Checks the numbers and sets the threads.
    void apply() {
        within("--repeat", repeat, 1, 100_000);
        if (baseline != null && !(baseline > 0 && Double.isFinite(baseline))) {
            throw new ConfigException(
                    "--baseline must be a positive number of seconds but is " + baseline);
        }
        if (threads != 0) {
            within("--threads", threads, 1, 1024);
            Ops.setThreads(threads);
        }
    }

    static void within(String option, int value, int least, int most) {
        ConfigException.require(
                value >= least && value <= most,
                "%s must be %d to %d but is %d",
                option,
                least,
                most,
                value);
    }

    /// Returns the element type, for benchmarks of networks that are not quantized.
    Dtype dtype() {
        ConfigException.require(
                precision.kind().isEmpty(),
                "this benchmark takes --precision fp32 or bf16 but not %s",
                precision());
        return precision.dtype();
    }

    String precision() {
        return precision.name().toLowerCase(Locale.ROOT);
    }

    Timing measure(Runnable work) {
        return Timing.measure(work, repeat);
    }

    /// Returns how many times `seconds` is the time of the other program, or null without one.
    @Nullable Double ratio(double seconds) {
        return baseline == null ? null : seconds / baseline;
    }

    void print(BenchReport report, PrintWriter out) {
        out.println(json ? report.json(this) : report.text(this));
    }
}
