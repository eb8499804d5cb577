package org.dit4j.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Lora;
import picocli.CommandLine.Option;

/// Which adapters are added to the network.
final class LoraOptions {
    private static final Pattern SCALED =
            Pattern.compile("(.+):([-+]?(?:\\d{1,9}(?:\\.\\d{0,9})?|\\.\\d{1,9}))");

    @Option(
            names = "--lora",
            paramLabel = "FILE[:SCALE]",
            description =
                    "A LoRA file that is added to the network, times SCALE, which is 1 if not given;"
                            + " may be given several times.")
    private List<String> files = new ArrayList<>();

    /// Returns the adapters in the order that they were given in.
    List<Lora> loras() {
        return files.stream().map(LoraOptions::parse).toList();
    }

    /// Returns the options with the adapters.
    LoadOptions applied(LoadOptions options) {
        return options.withLoras(loras());
    }

    private static Lora parse(String given) {
        Matcher m = SCALED.matcher(given);
        return m.matches()
                ? new Lora(Path.of(m.group(1)), Double.parseDouble(m.group(2)))
                : new Lora(Path.of(given), 1);
    }
}
