package org.dit4j.app;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXCheckpoint;
import org.dit4j.model.CogVideoXConfigs;
import org.dit4j.model.Flux;
import org.dit4j.model.FluxCheckpoint;
import org.dit4j.model.FluxConfigs;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.model.HunyuanDitConfigs;
import org.dit4j.model.HunyuanDitControlNet;
import org.dit4j.model.HunyuanDitControlNetCheckpoint;
import org.dit4j.model.Latte;
import org.dit4j.model.LatteCheckpoint;
import org.dit4j.model.LatteConfigs;
import org.dit4j.model.LatteText;
import org.dit4j.model.LatteTextCheckpoint;
import org.dit4j.model.LatteTextConfigs;
import org.dit4j.model.Layout;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Checkpoint;
import org.dit4j.model.Lumina2Configs;
import org.dit4j.model.LuminaDit;
import org.dit4j.model.LuminaDitCheckpoint;
import org.dit4j.model.LuminaDitConfigs;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitCheckpoint;
import org.dit4j.model.MmDitConfigs;
import org.dit4j.model.MmDitControlNet;
import org.dit4j.model.MmDitControlNetCheckpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtCheckpoint;
import org.dit4j.model.PixArtConfigs;
import org.dit4j.model.Sana;
import org.dit4j.model.SanaCheckpoint;
import org.dit4j.model.SanaConfigs;
import org.dit4j.model.StableAudio;
import org.dit4j.model.StableAudioCheckpoint;
import org.dit4j.model.StableAudioConditions;
import org.dit4j.model.StableAudioConfigs;
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
                    path ->
                            found(
                                    HunyuanDitCheckpoint.open(path),
                                    _ -> "Hunyuan-DiT",
                                    HunyuanDitConfigs::json,
                                    (s, c) -> new HunyuanDit(s, c).parameters()),
                    path ->
                            found(
                                    MmDitCheckpoint.open(path),
                                    _ -> "MM-DiT",
                                    MmDitConfigs::json,
                                    (s, c) -> new MmDit(s, c).parameters()),
                    path ->
                            found(
                                    HunyuanDitControlNetCheckpoint.open(path),
                                    _ -> "ControlNet of Hunyuan-DiT",
                                    HunyuanDitConfigs::json,
                                    (s, c) -> new HunyuanDitControlNet(s, c).parameters()),
                    path ->
                            found(
                                    MmDitControlNetCheckpoint.open(path),
                                    _ -> "ControlNet of MM-DiT",
                                    c -> MmDitConfigs.json(c.base()),
                                    (s, c) -> new MmDitControlNet(s, c).parameters()),
                    path ->
                            found(
                                    FluxCheckpoint.open(path),
                                    _ -> "FLUX.1",
                                    FluxConfigs::json,
                                    (s, c) -> new Flux(s, c).parameters()),
                    path ->
                            found(
                                    PixArtCheckpoint.open(path),
                                    _ -> "PixArt",
                                    PixArtConfigs::json,
                                    (s, c) -> new PixArt(s, c).parameters()),
                    path ->
                            found(
                                    SanaCheckpoint.open(path),
                                    _ -> "Sana",
                                    SanaConfigs::json,
                                    (s, c) -> new Sana(s, c).parameters()),
                    path ->
                            found(
                                    LuminaDitCheckpoint.open(path),
                                    Families::generation,
                                    LuminaDitConfigs::json,
                                    (s, c) -> new LuminaDit(s, c).parameters()),
                    path ->
                            found(
                                    Lumina2Checkpoint.open(path),
                                    _ -> "Lumina 2",
                                    Lumina2Configs::json,
                                    (s, c) -> new Lumina2(s, c).parameters()),
                    path ->
                            found(
                                    WanCheckpoint.open(path),
                                    _ -> "Wan",
                                    WanConfigs::json,
                                    (s, c) -> new Wan(s, c).parameters()),
                    path ->
                            found(
                                    LatteCheckpoint.open(path),
                                    _ -> "Latte",
                                    LatteConfigs::json,
                                    (s, c) -> new Latte(s, c).parameters()),
                    path ->
                            found(
                                    LatteTextCheckpoint.open(path),
                                    _ -> "Latte, text-conditional",
                                    LatteTextConfigs::json,
                                    (s, c) -> new LatteText(s, c).parameters()),
                    path ->
                            found(
                                    CogVideoXCheckpoint.open(path),
                                    _ -> "CogVideoX",
                                    CogVideoXConfigs::json,
                                    (s, c) -> new CogVideoX(s, c).parameters()),
                    path ->
                            found(
                                    StableAudioCheckpoint.open(path),
                                    _ -> "Stable Audio",
                                    StableAudioConfigs::json,
                                    (s, c) -> new StableAudio(s, c).parameters()),
                    path ->
                            found(
                                    StableAudioConditions.open(path),
                                    _ -> "Stable Audio, conditions",
                                    StableAudioConditions::json,
                                    (s, c) -> new StableAudioConditions(s, c).parameters()));

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

    /// Describes a checkpoint, and closes it.
    ///
    /// @param name of the family, or of the member of it
    private static <C> Found found(
            OpenCheckpoint<C, ?> opened,
            Function<C, String> name,
            Function<C, Map<String, Object>> json,
            BiFunction<ParameterSource, C, Parameters> parameters) {
        try (var checkpoint = opened) {
            C c = checkpoint.config();
            return new Found(
                    name.apply(c) + suffix(checkpoint.layout()),
                    json.apply(c),
                    count(source -> parameters.apply(source, c)));
        }
    }

    private static String generation(LuminaDit.Config config) {
        return switch (config.generation()) {
            case FLAG -> "Flag-DiT";
            case NEXT -> "Next-DiT";
        };
    }

    private static String suffix(Layout layout) {
        return switch (layout) {
            case ORIGINAL -> "";
            case SINGLE_FILE -> " (single file)";
            case DIFFUSERS -> " (diffusers)";
        };
    }
}
