package org.dit4j.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXPresets;
import org.dit4j.model.Dit;
import org.dit4j.model.DitPresets;
import org.dit4j.model.Flux;
import org.dit4j.model.FluxPresets;
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
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtPresets;
import org.dit4j.model.Sana;
import org.dit4j.model.SanaPresets;
import org.dit4j.model.StableAudio;
import org.dit4j.model.StableAudioPresets;
import org.dit4j.model.Wan;
import org.dit4j.model.WanPresets;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
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
                "families: DiT, SiT, Hunyuan-DiT, MM-DiT, FLUX.1, PixArt, Sana, Flag-DiT,"
                        + " Next-DiT, Lumina 2, Latte, Wan 2.1, CogVideoX and Stable Audio;"
                        + " parameters of the standard sizes (DiT with 1000 classes) and the"
                        + " memory of their weights:");
        out.println("                            parameters      bf16      fp32");
        sizes.forEach((name, count) ->
                out.println(
                        String.format(
                                Locale.ROOT,
                                "  %-25s %9.1f M %6.2f GB %6.2f GB",
                                name,
                                count / 1e6,
                                2 * count / 1e9,
                                4 * count / 1e9)));
    }

    /// Counts the parameters of every standard size, without memory for them. SiT has the same.
    private static Map<String, Long> sizes() {
        var sizes = new LinkedHashMap<String, Long>();
        add(
                sizes,
                DitPresets.names(),
                (s, n) -> new Dit(s, DitPresets.of(n, LATENTS)).parameters());
        add(
                sizes,
                HunyuanDitPresets.names(),
                (s, n) -> new HunyuanDit(s, HunyuanDitPresets.of(n, 128, false)).parameters());
        add(sizes, MmDitPresets.names(), (s, n) -> new MmDit(s, MmDitPresets.of(n)).parameters());
        add(sizes, FluxPresets.names(), (s, n) -> new Flux(s, FluxPresets.of(n)).parameters());
        add(
                sizes,
                PixArtPresets.names(),
                (s, n) -> new PixArt(s, PixArtPresets.of(n)).parameters());
        add(sizes, SanaPresets.names(), (s, n) -> new Sana(s, SanaPresets.of(n)).parameters());
        add(
                sizes,
                LuminaDitPresets.names(),
                (s, n) -> new LuminaDit(s, LuminaDitPresets.of(n)).parameters());
        add(
                sizes,
                Lumina2Presets.names(),
                (s, n) -> new Lumina2(s, Lumina2Presets.of(n)).parameters());
        add(
                sizes,
                LattePresets.names(),
                (s, n) -> new Latte(s, LattePresets.of(n, LATENTS)).parameters());
        add(
                sizes,
                List.of("Latte-1"),
                (s, _) -> new LatteText(s, LattePresets.text()).parameters());
        add(sizes, WanPresets.names(), (s, n) -> new Wan(s, WanPresets.of(n)).parameters());
        add(
                sizes,
                CogVideoXPresets.names(),
                (s, n) -> new CogVideoX(s, CogVideoXPresets.of(n)).parameters());
        add(
                sizes,
                StableAudioPresets.names(),
                (s, n) -> new StableAudio(s, StableAudioPresets.of(n)).parameters());
        return sizes;
    }

    private static void add(
            Map<String, Long> sizes,
            List<String> names,
            BiFunction<ParameterSource, String, Parameters> network) {
        for (String name : names) {
            sizes.put(name, Families.count(source -> network.apply(source, name)));
        }
    }
}
