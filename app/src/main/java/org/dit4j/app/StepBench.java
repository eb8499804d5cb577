package org.dit4j.app;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Hardware;
import org.dit4j.tensor.TensorScope;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j bench step`: one call of a network, as each step of sampling makes it.
@Command(
        name = "step",
        description = {
            "Time one call of a network, as each step of sampling makes it.",
            "",
            "On the CPU, of a network that does not fit into half of the free memory as many blocks are timed"
                    + " as fit, and half of them again: the time of the whole network is estimated"
                    + " from the difference."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j bench step --model DiT-XL/2 --batch 2 --precision bf16 --repeat 5 --json",
            "  dit4j bench step --model FLUX.1-dev --layers 2 --input-size 64 --precision bf16",
            "  dit4j bench step --model Wan2.1-T2V-1.3B --layers 2 --frames 5 --precision bf16"
        })
final class StepBench implements Callable<Integer> {
    /// Fewest layers: what every layer costs is the difference of two networks.
    private static final int FEWEST = 2;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "DiT-XL/2",
            description =
                    "Preset that `dit4j models` lists, or SiT, in any case (default:"
                            + " ${DEFAULT-VALUE}).")
    private String model = "";

    @Option(
            names = "--layers",
            paramLabel = "N",
            description =
                    "Blocks, or groups of blocks that only come together (default: all; on the CPU"
                            + " as many as fit).")
    private Optional<Integer> layers = Optional.empty();

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Samples a step (default: 2, for guidance; 1 where none is needed).")
    private Optional<Integer> batch = Optional.empty();

    @Option(
            names = "--input-size",
            paramLabel = "N",
            description = "Height and width of the latents (default: the preset's usual size).")
    private Optional<Integer> inputSize = Optional.empty();

    @Option(
            names = "--frames",
            paramLabel = "N",
            description = "Latent frames of a video or sound (default: as many as usual).")
    private Optional<Integer> frames = Optional.empty();

    @Option(
            names = "--text-tokens",
            paramLabel = "N",
            description = "Tokens of the text (default: as many as usual).")
    private Optional<Integer> textTokens = Optional.empty();

    @Mixin private BenchOptions options = new BenchOptions();

    @Override
    public Integer call() {
        TimedPreset preset = sized(TimedFamilies.of(model));
        ConfigException.require(
                options.precision.kind().isEmpty() || options.place.device().equals(Device.CPU),
                "quantized networks compute on the CPU: take --device cpu");
        options.apply();
        int timed = layers.orElseGet(() -> fitting(preset));
        var results = new LinkedHashMap<String, Double>();
        Timing timing = measure(preset, timed);
        if (timed < preset.layers()) {
            int half = timed / 2;
            double shorter = measure(preset, half).median();
            double each = (timing.median() - shorter) / (timed - half);
            results.put("seconds_of_" + half + "_of_them", shorter);
            results.put(
                    "estimated_seconds_of_all", timing.median() + each * (preset.layers() - timed));
        }
        options.print(report(preset, timed, timing, results), spec.commandLine().getOut());
        return 0;
    }

    /// Returns the preset with what was asked for in place of what is usual.
    private TimedPreset sized(TimedPreset p) {
        inputSize.ifPresent(n -> BenchOptions.within("--input-size", n, 1, 1024));
        frames.ifPresent(n -> BenchOptions.within("--frames", n, 1, 65536));
        batch.ifPresent(n -> BenchOptions.within("--batch", n, 1, 4096));
        textTokens.ifPresent(n -> BenchOptions.within("--text-tokens", n, 1, 4096));
        layers.ifPresent(n -> BenchOptions.within("--layers", n, FEWEST, p.layers()));
        ConfigException.require(
                textTokens.isEmpty() || p.textTokens() > 0,
                "%s has no text of any length: leave out --text-tokens",
                p.name());
        LatentSize size = p.size();
        if (inputSize.isPresent()) {
            size = size.withSide(inputSize.get());
        }
        if (frames.isPresent()) {
            size = size.withFrames(frames.get());
        }
        return new TimedPreset(
                p.name(),
                p.layers(),
                p.unit(),
                batch.orElse(p.batch()),
                size,
                textTokens.orElse(p.textTokens()),
                p.builder());
    }

    /// Returns how many layers fit into half of the free memory; on another device than the CPU
    /// all.
    private int fitting(TimedPreset preset) {
        if (!options.place.device().equals(Device.CPU)) {
            return preset.layers(); // nothing tells what is free there
        }
        long fewest = preset.count(FEWEST);
        long all = preset.count(preset.layers());
        long budget = Hardware.freeMemory() / 2 / options.precision.dtype().bytes();
        ConfigException.require(
                budget >= fewest,
                "%d %s of %s have %,d parameters, but half of the free memory holds %,d;"
                        + " --layers %d tries nevertheless",
                FEWEST,
                preset.unit(),
                preset.name(),
                fewest,
                budget,
                FEWEST);
        long each = (all - fewest) / Math.max(1, preset.layers() - FEWEST);
        return (int) Math.min(preset.layers(), FEWEST + (budget - fewest) / each);
    }

    private Timing measure(TimedPreset preset, int some) {
        try (var _ = TensorScope.open();
                var network =
                        TimedNetwork.of(preset, some, options.precision, options.place.device())) {
            return options.measure(network);
        }
    }

    private BenchReport report(
            TimedPreset p, int timed, Timing timing, Map<String, Double> results) {
        long parameters = p.count(timed);
        boolean whole = timed == p.layers();
        String part = whole ? "" : "%d of %d %s of ".formatted(timed, p.layers(), p.unit());
        String text = p.textTokens() == 0 ? "" : ", text %d".formatted(p.textTokens());
        String title =
                String.format(
                        Locale.ROOT,
                        "%s%s (%,d parameters), latents %s%s, batch %d",
                        part,
                        p.name(),
                        parameters,
                        p.size(),
                        text,
                        p.batch());
        var work = new LinkedHashMap<String, Object>();
        work.put("model", p.name());
        work.put("layers", timed);
        work.put("all_layers", p.layers());
        work.put("layer_unit", p.unit());
        work.put("parameters", parameters);
        work.put("latents", p.size().toString());
        work.put("text_tokens", p.textTokens());
        work.put("batch", p.batch());
        return new BenchReport("step", title, work, whole ? p.batch() : 0, timing, results);
    }
}
