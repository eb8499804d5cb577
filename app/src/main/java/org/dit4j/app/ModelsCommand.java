package org.dit4j.app;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXPresets;
import org.dit4j.model.Dit;
import org.dit4j.model.DitPresets;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitPresets;
import org.dit4j.model.Latte;
import org.dit4j.model.LattePresets;
import org.dit4j.model.LatteText;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Presets;
import org.dit4j.model.LuminaDit;
import org.dit4j.model.LuminaDitPresets;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitPresets;
import org.dit4j.model.Wan;
import org.dit4j.model.WanPresets;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.TensorScope;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j models`.
@Command(
        name = "models",
        description = "List the models that ship, and the families and sizes that can be trained.",
        footer = {
            "",
            "Examples:",
            "  dit4j models",
            "  dit4j models --json",
            "  dit4j inspect models/emoji"
        })
final class ModelsCommand implements Runnable {
    private static final int LATENTS = 32; // of 256 pixels

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        List<String> shipped = ModelFolders.shipped().names();
        Map<String, Long> sizes = sizes();
        if (json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("models", shipped);
            map.put("presets", sizes);
            out.println(JsonFile.mapper().writeValueAsString(map));
            return;
        }
        out.println("models that ship (each with a card, models/NAME/README.md):");
        shipped.forEach(name -> out.println("  " + name));
        out.println(
                "families: DiT, SiT, Hunyuan-DiT, MM-DiT, Flag-DiT, Next-DiT, Lumina 2,"
                        + " Latte, Wan 2.1 and CogVideoX; parameters of the standard sizes (DiT with 1000 classes):");
        sizes.forEach((name, count) ->
                out.println(String.format(Locale.ROOT, "  %-25s %7.1f M", name, count / 1e6)));
    }

    /// Counts the parameters of every standard size, without memory for them. SiT has the same.
    private static Map<String, Long> sizes() {
        var sizes = new LinkedHashMap<String, Long>();
        for (String name : new ArrayList<>(DitPresets.names())) {
            try (var _ = TensorScope.open();
                    var dit = new Dit(ParameterSource.counting(), DitPresets.of(name, LATENTS))) {
                sizes.put(name, dit.parameters().count());
            }
        }
        for (String name : HunyuanDitPresets.names()) {
            try (var _ = TensorScope.open();
                    var network =
                            new HunyuanDit(
                                    ParameterSource.counting(),
                                    HunyuanDitPresets.of(name, 128, false))) {
                sizes.put(name, network.parameters().count());
            }
        }
        for (String name : MmDitPresets.names()) {
            try (var _ = TensorScope.open();
                    var network = new MmDit(ParameterSource.counting(), MmDitPresets.of(name))) {
                sizes.put(name, network.parameters().count());
            }
        }
        for (String name : LuminaDitPresets.names()) {
            try (var _ = TensorScope.open();
                    var network =
                            new LuminaDit(ParameterSource.counting(), LuminaDitPresets.of(name))) {
                sizes.put(name, network.parameters().count());
            }
        }
        for (String name : Lumina2Presets.names()) {
            try (var _ = TensorScope.open();
                    var network =
                            new Lumina2(ParameterSource.counting(), Lumina2Presets.of(name))) {
                sizes.put(name, network.parameters().count());
            }
        }
        for (String name : LattePresets.names()) {
            try (var _ = TensorScope.open();
                    var network =
                            new Latte(ParameterSource.counting(), LattePresets.of(name, LATENTS))) {
                sizes.put(name, network.parameters().count());
            }
        }
        try (var _ = TensorScope.open();
                var network = new LatteText(ParameterSource.counting(), LattePresets.text())) {
            sizes.put("Latte-1", network.parameters().count());
        }
        for (String name : WanPresets.names()) {
            try (var _ = TensorScope.open();
                    var network = new Wan(ParameterSource.counting(), WanPresets.of(name))) {
                sizes.put(name, network.parameters().count());
            }
        }
        for (String name : CogVideoXPresets.names()) {
            try (var _ = TensorScope.open();
                    var network =
                            new CogVideoX(ParameterSource.counting(), CogVideoXPresets.of(name))) {
                sizes.put(name, network.parameters().count());
            }
        }
        return sizes;
    }
}
