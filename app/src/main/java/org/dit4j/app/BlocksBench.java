package org.dit4j.app;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dit4j.ConfigException;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitPresets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j bench blocks`: some blocks of a network that is too large to be timed whole.
@Command(
        name = "blocks",
        description =
                "Time the embeddings and the first blocks of an MM-DiT with random weights on one"
                        + " picture.",
        footer = {
            "",
            "Examples:",
            "  dit4j bench blocks --model SD3-medium --layers 4 --tokens 1024 --precision bf16",
            "  dit4j bench blocks --tokens 4096 --precision bf16 --baseline 5.93 --json"
        })
final class BlocksBench implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private BenchOptions options = new BenchOptions();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "SD3-medium",
            description =
                    "Preset: SD3-medium, SD3.5-medium or SD3.5-large, in any case (default:"
                            + " ${DEFAULT-VALUE}).")
    private String model = "";

    @Option(
            names = "--layers",
            paramLabel = "N",
            defaultValue = "4",
            description =
                    "Blocks, fewer than the network has: its last is another (default:"
                            + " ${DEFAULT-VALUE}).")
    private int layers;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Tokens of the picture, a square number (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Option(
            names = "--text-tokens",
            paramLabel = "N",
            defaultValue = "154",
            description = "Tokens of the text (default: ${DEFAULT-VALUE}).")
    private int textTokens;

    @Override
    public Integer call() {
        MmDit.Config config = MmDitPresets.of(preset());
        BenchOptions.within("--layers", layers, 1, config.depth() - 1);
        BenchOptions.within("--text-tokens", textTokens, 1, 4096);
        int side = (int) Math.round(Math.sqrt(tokens));
        BenchOptions.within("--tokens", tokens, 1, config.maxPositions() * config.maxPositions());
        ConfigException.require(
                side * side == tokens, "--tokens must be a square number but is %d", tokens);
        options.apply();
        try (var blocks =
                JointBlocks.of(
                        config,
                        layers,
                        side,
                        textTokens,
                        options.dtype(),
                        options.place.device())) {
            Timing timing = options.measure(blocks);
            options.print(report(blocks.parameters(), timing), spec.commandLine().getOut());
        }
        return 0;
    }

    private String preset() {
        return MmDitPresets.names().stream()
                .filter(n -> n.equalsIgnoreCase(model))
                .findFirst()
                .orElse(model);
    }

    private BenchReport report(long parameters, Timing timing) {
        String title =
                String.format(
                        Locale.ROOT,
                        "%d of %s (%,d parameters), %d tokens and %d of text",
                        layers,
                        preset(),
                        parameters,
                        tokens,
                        textTokens);
        var work = new LinkedHashMap<String, Object>();
        work.put("model", preset());
        work.put("layers", layers);
        work.put("parameters", parameters);
        work.put("tokens", tokens);
        work.put("text_tokens", textTokens);
        return new BenchReport("blocks", title, work, 1, timing, Map.of());
    }
}
