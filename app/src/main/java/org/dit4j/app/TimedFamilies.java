package org.dit4j.app;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.app.TimedPreset.Built;
import org.dit4j.model.CogVideoXPresets;
import org.dit4j.model.Dit;
import org.dit4j.model.DitConfigs;
import org.dit4j.model.DitPresets;
import org.dit4j.model.Flux;
import org.dit4j.model.FluxConfigs;
import org.dit4j.model.FluxPresets;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitConfigs;
import org.dit4j.model.HunyuanDitPresets;
import org.dit4j.model.LattePresets;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Configs;
import org.dit4j.model.Lumina2Presets;
import org.dit4j.model.LuminaDit;
import org.dit4j.model.LuminaDitConfigs;
import org.dit4j.model.LuminaDitPresets;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitConfigs;
import org.dit4j.model.MmDitPresets;
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtConfigs;
import org.dit4j.model.PixArtPresets;
import org.dit4j.model.Sana;
import org.dit4j.model.SanaConfigs;
import org.dit4j.model.SanaPresets;
import org.dit4j.model.StableAudioPresets;
import org.dit4j.model.WanPresets;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// The presets that `bench step` knows, and the networks of pictures among them. Lengths of texts
/// are those of the published pipelines.
final class TimedFamilies {
    private record Family(List<String> names, Function<String, TimedPreset> preset) {
        Optional<TimedPreset> named(String name) {
            return names.stream().filter(name::equalsIgnoreCase).findFirst().map(preset);
        }
    }

    private static final List<Family> ALL =
            List.of(
                    new Family(DitPresets.names(), TimedFamilies::dit),
                    new Family(sit(), TimedFamilies::dit),
                    new Family(HunyuanDitPresets.names(), TimedFamilies::hunyuan),
                    new Family(MmDitPresets.names(), TimedFamilies::mmDit),
                    new Family(FluxPresets.names(), TimedFamilies::flux),
                    new Family(PixArtPresets.names(), TimedFamilies::pixArt),
                    new Family(SanaPresets.names(), TimedFamilies::sana),
                    new Family(LuminaDitPresets.names(), TimedFamilies::lumina),
                    new Family(Lumina2Presets.names(), TimedFamilies::lumina2),
                    new Family(LattePresets.names(), TimedMedia::latte),
                    new Family(TimedMedia.LATTE_TEXT, TimedMedia::latteText),
                    new Family(WanPresets.names(), TimedMedia::wan),
                    new Family(CogVideoXPresets.names(), TimedMedia::cogVideoX),
                    new Family(StableAudioPresets.names(), TimedMedia::stableAudio));

    private TimedFamilies() {}

    /// Returns the names of all presets, those of `dit4j models` and SiT's.
    static Stream<String> names() {
        return ALL.stream().flatMap(f -> f.names.stream());
    }

    /// Returns a preset by its name, in any case.
    ///
    /// @throws ConfigException if there is none
    static TimedPreset of(String name) {
        return ALL.stream()
                .flatMap(f -> f.named(name).stream())
                .findFirst()
                .orElseThrow(() ->
                        new ConfigException(
                                "no preset %s; `dit4j models` lists them (for DiT there"
                                                .formatted(name)
                                        + " is SiT as well)"));
    }

    private static List<String> sit() {
        return DitPresets.names().stream().map(n -> n.replaceFirst("^DiT-", "SiT-")).toList();
    }

    private static TimedPreset dit(String name) {
        Dit.Config whole = DitPresets.of(name, 32);
        TimedPreset.Builder builder =
                (source, layers, size, _) -> {
                    Dit.Config c =
                            TimedPreset.changed(
                                    DitConfigs.json(whole),
                                    DitConfigs::parse,
                                    Map.of("depth", layers, "input_size", size.height()));
                    var dit = new Dit(source, c);
                    return new Built(
                            dit.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(500);
                                Tensor y = in.labels(c.numClasses());
                                return () -> dit.forward(x, t, y);
                            });
                };
        return new TimedPreset(
                name, whole.depth(), "blocks", 2, LatentSize.picture(32), 0, builder);
    }

    /// Later blocks merge what earlier ones gave, so blocks come in pairs.
    private static TimedPreset hunyuan(String name) {
        HunyuanDit.Config whole = HunyuanDitPresets.of(name, 128, false);
        HunyuanDit.Text text = whole.text();
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    HunyuanDit.Config c =
                            TimedPreset.changed(
                                    HunyuanDitConfigs.json(whole),
                                    HunyuanDitConfigs::parse,
                                    Map.of("depth", 2 * layers));
                    var network = new HunyuanDit(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(500);
                                var conditions =
                                        new HunyuanDit.Conditions(
                                                in.normal(text.length(), text.width()),
                                                in.mask(text.length()),
                                                in.normal(text.secondLength(), text.secondWidth()),
                                                in.mask(text.secondLength()),
                                                Optional.empty());
                                return () -> network.forward(x, t, conditions);
                            });
                };
        return new TimedPreset(
                name, whole.depth() / 2, "pairs of blocks", 2, LatentSize.picture(128), 0, builder);
    }

    private static TimedPreset mmDit(String name) {
        MmDit.Config whole = MmDitPresets.of(name);
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    MmDit.Config c =
                            TimedPreset.changed(
                                    MmDitConfigs.json(whole),
                                    MmDitConfigs::parse,
                                    Map.of(
                                            "depth",
                                            layers,
                                            "dual_attention_layers",
                                            dual(whole, layers)));
                    var network = new MmDit(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(500);
                                Tensor text = in.text(c.textWidth());
                                Tensor pooled = in.normal(c.pooledWidth());
                                return () -> network.forward(x, t, text, pooled);
                            });
                };
        return new TimedPreset(
                name, whole.depth(), "blocks", 2, LatentSize.picture(128), 77 + 256, builder);
    }

    /// The first blocks have a second attention: the same share of them as in the whole network.
    private static List<Integer> dual(MmDit.Config whole, int layers) {
        double share = (double) whole.dualAttentionLayers().size() / whole.depth();
        return IntStream.range(0, (int) Math.round(share * layers)).boxed().toList();
    }

    /// There are two single blocks for each double block.
    private static TimedPreset flux(String name) {
        Flux.Config whole = FluxPresets.of(name);
        int singles = whole.singleDepth() / whole.depth();
        TimedPreset.Builder builder =
                (source, layers, size, textTokens) -> {
                    Flux.Config c =
                            TimedPreset.changed(
                                    FluxConfigs.json(whole),
                                    FluxConfigs::parse,
                                    Map.of(
                                            "depth",
                                            layers,
                                            "depth_single_blocks",
                                            singles * layers));
                    var network = new Flux(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                var inputs =
                                        new Flux.Inputs(
                                                Flux.pack(in.latents(c.inChannels() / 4)),
                                                in.each(0.5),
                                                in.text(c.textWidth()),
                                                in.normal(c.pooledWidth()),
                                                c.guidance() ? in.each(3.5) : null,
                                                Tensors.zeros(Dtype.FLOAT32, textTokens, 3),
                                                Flux.grid(size.height(), size.width()));
                                return () -> network.forward(inputs);
                            });
                };
        return new TimedPreset(
                name,
                whole.depth(),
                "groups of a double block and two single ones",
                1,
                LatentSize.picture(128),
                whole.guidance() ? 512 : 256,
                builder);
    }

    private static TimedPreset pixArt(String name) {
        PixArt.Config whole = PixArtPresets.of(name);
        TimedPreset.Builder builder =
                (source, layers, size, _) -> {
                    PixArt.Config c =
                            TimedPreset.changed(
                                    PixArtConfigs.json(whole),
                                    PixArtConfigs::parse,
                                    Map.of("depth", layers));
                    var network = new PixArt(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(500);
                                var conditions =
                                        new PixArt.Conditions(
                                                in.text(c.textWidth()),
                                                in.mask(in.textTokens()),
                                                c.microConditions() ? micro(in, size) : null);
                                return () -> network.forward(x, t, conditions);
                            });
                };
        return new TimedPreset(
                name,
                whole.depth(),
                "blocks",
                2,
                LatentSize.picture(whole.inputSize()),
                name.contains("alpha") ? 120 : 300,
                builder);
    }

    /// A square picture.
    private static PixArt.Micro micro(RandomInputs in, LatentSize size) {
        Tensor side = in.each(8.0 * size.height()).unsqueeze(1);
        return new PixArt.Micro(Ops.cat(1, side, side), in.each(1).unsqueeze(1));
    }

    private static TimedPreset sana(String name) {
        Sana.Config whole = SanaPresets.of(name);
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    Sana.Config c =
                            TimedPreset.changed(
                                    SanaConfigs.json(whole),
                                    SanaConfigs::parse,
                                    Map.of("depth", layers));
                    var network = new Sana(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(0.5);
                                var conditions =
                                        new Sana.Conditions(
                                                in.text(c.textWidth()),
                                                in.mask(in.textTokens()),
                                                c.guidanceEmbeds() ? in.each(0.45) : null);
                                return () -> network.forward(x, t, conditions);
                            });
                };
        return new TimedPreset(
                name,
                whole.depth(),
                "blocks",
                whole.guidanceEmbeds() ? 1 : 2,
                LatentSize.picture(whole.inputSize()),
                300,
                builder);
    }

    private static TimedPreset lumina(String name) {
        LuminaDit.Config whole = LuminaDitPresets.of(name);
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    LuminaDit.Config c =
                            TimedPreset.changed(
                                    LuminaDitConfigs.json(whole),
                                    LuminaDitConfigs::parse,
                                    Map.of("n_layers", layers));
                    var network = new LuminaDit(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(0.5);
                                LuminaDit.Condition asked = condition(in, c.conditioning());
                                return () -> network.forward(x, t, asked);
                            });
                };
        return new TimedPreset(
                name,
                whole.layers().count(),
                "blocks",
                2,
                LatentSize.picture(whole.inputSize()),
                whole.conditioning() instanceof LuminaDit.Conditioning.Captions ? 256 : 0,
                builder);
    }

    private static LuminaDit.Condition condition(RandomInputs in, LuminaDit.Conditioning kind) {
        return switch (kind) {
            case LuminaDit.Conditioning.Classes c ->
                    new LuminaDit.Condition.Labels(in.labels(c.count()));
            case LuminaDit.Conditioning.Captions c ->
                    new LuminaDit.Condition.Captions(in.text(c.width()), in.mask(in.textTokens()));
        };
    }

    private static TimedPreset lumina2(String name) {
        Lumina2.Config whole = Lumina2Presets.of(name);
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    Lumina2.Config c =
                            TimedPreset.changed(
                                    Lumina2Configs.json(whole),
                                    Lumina2Configs::parse,
                                    Map.of("n_layers", layers));
                    var network = new Lumina2(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(0.5);
                                Tensor states = in.text(c.textWidth());
                                Tensor mask = in.mask(in.textTokens());
                                return () -> network.forward(x, t, states, mask);
                            });
                };
        return new TimedPreset(
                name,
                whole.layers().count(),
                "blocks",
                2,
                LatentSize.picture(whole.inputSize()),
                256,
                builder);
    }
}
