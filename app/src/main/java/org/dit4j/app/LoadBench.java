package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Hardware;
import org.dit4j.tensor.Ops;
import org.dit4j.train.RunConfig.Precision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j bench load`: from a file to a network that can be called.
@Command(
        name = "load",
        description =
                "Time the loading of a DiT checkpoint, with the largest resident memory of the"
                        + " process.",
        footer = {
            "",
            "Examples:",
            "  dit4j bench load DiT-XL-2-256x256.safetensors --read",
            "  dit4j bench load DiT-XL-2-256x256.pt --precision bf16 --json"
        })
final class LoadBench implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "PATH", description = "A checkpoint: a file or a folder.")
    private Path path = Path.of("");

    @Option(
            names = "--precision",
            defaultValue = "fp32",
            description = "fp32 or bf16 (default: ${DEFAULT-VALUE}).")
    private Precision precision = Precision.FP32;

    @Option(
            names = "--read",
            description = "Also read every weight once and check that it is finite.")
    private boolean read;

    @Mixin private DeviceOption place = new DeviceOption();

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Override
    public Integer call() {
        Device device = place.device();
        LoadOptions options =
                LoadOptions.inference()
                        .withDtype(precision.dtype())
                        .withDevice(device)
                        .withCheckFinite(read);
        Ops.threads(); // the native libraries are loaded before the clock starts
        long start = System.nanoTime();
        try (Dit dit = Dit.load(path, options)) {
            device.synchronize();
            double seconds = (System.nanoTime() - start) / 1e9;
            long parameters = dit.parameters().count();
            long bytes = dit.parameters().all().values().stream().mapToLong(Tensor::nbytes).sum();
            report(seconds, parameters, bytes);
        }
        return 0;
    }

    private void report(double seconds, long parameters, long bytes) {
        PrintWriter out = spec.commandLine().getOut();
        OptionalLong peak = BenchReport.peakMemory();
        if (json) {
            Map<String, @Nullable Object> root = new LinkedHashMap<>();
            root.put("benchmark", "load");
            root.put("path", path.toString());
            root.put("machine", Hardware.describe(place.device()));
            root.put("device", place.device().toString());
            root.put("parameters", parameters);
            root.put("bytes", bytes);
            root.put("seconds", seconds);
            root.put("peak_memory_bytes", peak.isPresent() ? peak.getAsLong() : null);
            out.println(JsonFile.mapper().writeValueAsString(root));
        } else {
            out.println(
                    String.format(
                            Locale.ROOT,
                            "load %s (%,d parameters, %,d MiB in %s), %s%n%.3f s, %.0f MiB at most",
                            path,
                            parameters,
                            bytes >> 20,
                            precision.name().toLowerCase(Locale.ROOT),
                            Hardware.describe(place.device()),
                            seconds,
                            peak.orElse(0) / 1048576.0));
        }
    }
}
