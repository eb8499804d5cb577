package org.dit4j.app;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXCheckpoint;
import org.dit4j.model.CogVideoXConfig;
import org.dit4j.model.CogVideoXConfigs;
import org.dit4j.model.Flux;
import org.dit4j.model.FluxCheckpoint;
import org.dit4j.model.FluxConfigs;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.model.HunyuanDitConfigs;
import org.dit4j.model.Latte;
import org.dit4j.model.LatteCheckpoint;
import org.dit4j.model.LatteConfigs;
import org.dit4j.model.LatteText;
import org.dit4j.model.LatteTextCheckpoint;
import org.dit4j.model.LatteTextConfigs;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Checkpoint;
import org.dit4j.model.Lumina2Configs;
import org.dit4j.model.LuminaDit;
import org.dit4j.model.LuminaDitCheckpoint;
import org.dit4j.model.LuminaDitConfigs;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitCheckpoint;
import org.dit4j.model.MmDitConfigs;
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtCheckpoint;
import org.dit4j.model.PixArtConfigs;
import org.dit4j.model.Wan;
import org.dit4j.model.WanCheckpoint;
import org.dit4j.model.WanConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.TensorScope;

/// The families of networks besides DiT, as `inspect` tells them apart.
final class Families {
    /// What a family says of its checkpoint.
    ///
    /// @param name such as `MM-DiT (diffusers)`
    /// @param config as the family's `config.json` has it
    /// @param trained elements of the trained tensors
    record Found(String name, Map<String, Object> config, long trained) {}

    private static final List<Function<Path, Found>> ALL =
            List.of(
                    Families::hunyuanDit,
                    Families::mmDit,
                    Families::flux,
                    Families::pixArt,
                    Families::luminaDit,
                    Families::lumina2,
                    Families::wan,
                    Families::latte,
                    Families::latteText,
                    Families::cogVideoX);

    private Families() {}

    /// Returns the first family that can open a file or folder.
    static Optional<Found> find(Path path) {
        return ALL.stream().flatMap(family -> found(family, path).stream()).findFirst();
    }

    private static Optional<Found> found(Function<Path, Found> family, Path path) {
        try {
            return Optional.of(family.apply(path));
        } catch (ConfigException | CheckpointException e) {
            return Optional.empty();
        }
    }

    /// Counts the trained elements of a network, without memory for them.
    ///
    /// @param parameters builds the network and returns its parameters
    static long count(Function<ParameterSource, Parameters> parameters) {
        try (var _ = TensorScope.open();
                Parameters all = parameters.apply(ParameterSource.counting())) {
            return all.count();
        }
    }

    private static String suffix(Enum<?> layout) {
        return switch (layout.name()) {
            case "DIFFUSERS" -> " (diffusers)";
            case "SINGLE_FILE" -> " (single file)";
            default -> "";
        };
    }

    private static Found hunyuanDit(Path path) {
        try (var checkpoint = HunyuanDitCheckpoint.open(path)) {
            HunyuanDit.Config c = checkpoint.config();
            return new Found(
                    "Hunyuan-DiT" + suffix(checkpoint.layout()),
                    HunyuanDitConfigs.json(c),
                    count(source -> new HunyuanDit(source, c).parameters()));
        }
    }

    private static Found mmDit(Path path) {
        try (var checkpoint = MmDitCheckpoint.open(path)) {
            MmDit.Config c = checkpoint.config();
            return new Found(
                    "MM-DiT" + suffix(checkpoint.layout()),
                    MmDitConfigs.json(c),
                    count(source -> new MmDit(source, c).parameters()));
        }
    }

    private static Found flux(Path path) {
        try (var checkpoint = FluxCheckpoint.open(path)) {
            Flux.Config c = checkpoint.config();
            return new Found(
                    "FLUX.1" + suffix(checkpoint.layout()),
                    FluxConfigs.json(c),
                    count(source -> new Flux(source, c).parameters()));
        }
    }

    private static Found pixArt(Path path) {
        try (var checkpoint = PixArtCheckpoint.open(path)) {
            PixArt.Config c = checkpoint.config();
            return new Found(
                    "PixArt" + suffix(checkpoint.layout()),
                    PixArtConfigs.json(c),
                    count(source -> new PixArt(source, c).parameters()));
        }
    }

    private static Found luminaDit(Path path) {
        try (var checkpoint = LuminaDitCheckpoint.open(path)) {
            LuminaDit.Config c = checkpoint.config();
            String name =
                    switch (c.generation()) {
                        case FLAG -> "Flag-DiT";
                        case NEXT -> "Next-DiT";
                    };
            return new Found(
                    name + suffix(checkpoint.layout()),
                    LuminaDitConfigs.json(c),
                    count(source -> new LuminaDit(source, c).parameters()));
        }
    }

    private static Found lumina2(Path path) {
        try (var checkpoint = Lumina2Checkpoint.open(path)) {
            Lumina2.Config c = checkpoint.config();
            return new Found(
                    "Lumina 2" + suffix(checkpoint.layout()),
                    Lumina2Configs.json(c),
                    count(source -> new Lumina2(source, c).parameters()));
        }
    }

    private static Found wan(Path path) {
        try (var checkpoint = WanCheckpoint.open(path)) {
            Wan.Config c = checkpoint.config();
            return new Found(
                    "Wan" + suffix(checkpoint.layout()),
                    WanConfigs.json(c),
                    count(source -> new Wan(source, c).parameters()));
        }
    }

    private static Found latte(Path path) {
        try (var checkpoint = LatteCheckpoint.open(path)) {
            Latte.Config c = checkpoint.config();
            return new Found(
                    "Latte",
                    LatteConfigs.json(c),
                    count(source -> new Latte(source, c).parameters()));
        }
    }

    private static Found latteText(Path path) {
        try (var checkpoint = LatteTextCheckpoint.open(path)) {
            LatteText.Config c = checkpoint.config();
            return new Found(
                    "Latte, text-conditional (diffusers)",
                    LatteTextConfigs.json(c),
                    count(source -> new LatteText(source, c).parameters()));
        }
    }

    private static Found cogVideoX(Path path) {
        try (var checkpoint = CogVideoXCheckpoint.open(path)) {
            CogVideoXConfig c = checkpoint.config();
            return new Found(
                    "CogVideoX (diffusers)",
                    CogVideoXConfigs.json(c),
                    count(source -> new CogVideoX(source, c).parameters()));
        }
    }
}
