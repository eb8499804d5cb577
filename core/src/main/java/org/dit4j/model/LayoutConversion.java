package org.dit4j.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import tools.jackson.databind.JsonNode;

/// Gives the checkpoints of the families besides DiT the names that the original code or diffusers
/// has, and a `config.json` that goes with them.
///
/// @param tensors under the names of the layout
/// @param config of the `config.json`
public record LayoutConversion(StateDict tensors, Map<String, Object> config) {
    private static final List<Family<?>> ALL =
            List.of(
                    new Family<>(
                            MmDitCheckpoint.FAMILY,
                            MmDitConfigs::json,
                            MmDitConfigs::diffusersJson,
                            MmDitConfigs::parse),
                    new Family<>(
                            FluxCheckpoint.FAMILY,
                            FluxConfigs::json,
                            FluxConfigs::diffusersJson,
                            FluxConfigs::parse),
                    new Family<>(
                            HunyuanDitCheckpoint.FAMILY,
                            HunyuanDitConfigs::json,
                            HunyuanDitConfigs::diffusersJson,
                            HunyuanDitConfigs::parse),
                    new Family<>(
                            PixArtCheckpoint.FAMILY,
                            PixArtConfigs::json,
                            PixArtConfigs::diffusersJson,
                            PixArtConfigs::parse),
                    new Family<>(
                            SanaCheckpoint.FAMILY,
                            SanaConfigs::json,
                            SanaConfigs::diffusersJson,
                            SanaConfigs::parse),
                    new Family<>(
                            WanCheckpoint.FAMILY,
                            WanConfigs::originalJson,
                            WanConfigs::json,
                            WanConfigs::parse,
                            WanLayouts::toDiffusers,
                            UnaryOperator.identity(),
                            (c, _) -> WanConfigs.inOriginal(c),
                            UnaryOperator.identity()),
                    new Family<>(
                            Lumina2Checkpoint.FAMILY,
                            Lumina2Configs::json,
                            Lumina2Configs::diffusersJson,
                            Lumina2Configs::parse),
                    new Family<>(
                            LuminaDitCheckpoint.FAMILY,
                            LuminaDitConfigs::json,
                            LuminaDitConfigs::diffusersJson,
                            LuminaDitConfigs::parse,
                            LuminaDitLayouts::toDiffusers,
                            LuminaDitLayouts::withoutCopies,
                            (c, dict) ->
                                    LuminaDitConfigs.withQueries(
                                            c, LuminaDitLayouts.ownQueries(dict)),
                            LuminaDitConfigs::inDiffusers));

    /// Returns the layout of a checkpoint, if it is of a family that has both.
    public static Optional<Layout> find(StateDict dict) {
        return ALL.stream().flatMap(f -> f.checkpoints.find().apply(dict).stream()).findFirst();
    }

    /// Returns a checkpoint for which [#find] found a layout in another one. The result takes
    /// `dict` over.
    ///
    /// @param wanted of the original code, alone in its file, or of diffusers
    /// @throws ConfigException if the configuration is not known, or cannot be said there
    /// @throws org.dit4j.checkpoint.CheckpointException if the tensors have no names there
    public static LayoutConversion of(StateDict dict, Layout wanted) {
        for (Family<?> family : ALL) {
            if (family.checkpoints.find().apply(dict).isPresent()) {
                return family.convert(dict, wanted);
            }
        }
        throw new ConfigException(dict.file() + ": has no layout to choose");
    }

    /// A family with both layouts.
    ///
    /// @param original gives its own `config.json`
    /// @param diffusers gives that of diffusers
    /// @param parse reads both
    /// @param theirs gives the tensors the names of diffusers
    /// @param plain takes out of the tensors what the original code has no place for
    /// @param plainConfig is what the plain tensors are
    /// @param theirConfig is what diffusers makes of the network
    private record Family<C>(
            CheckpointFamily<C, ?> checkpoints,
            Function<C, Map<String, Object>> original,
            Function<C, Map<String, Object>> diffusers,
            BiFunction<JsonNode, Object, C> parse,
            UnaryOperator<StateDict> theirs,
            UnaryOperator<StateDict> plain,
            BiFunction<C, StateDict, C> plainConfig,
            UnaryOperator<C> theirConfig) {
        /// A family whose networks are the same in both.
        Family(
                CheckpointFamily<C, ?> checkpoints,
                Function<C, Map<String, Object>> original,
                Function<C, Map<String, Object>> diffusers,
                BiFunction<JsonNode, Object, C> parse) {
            this(
                    checkpoints,
                    original,
                    diffusers,
                    parse,
                    checkpoints::theirs,
                    UnaryOperator.identity(),
                    (c, _) -> c,
                    UnaryOperator.identity());
        }

        LayoutConversion convert(StateDict dict, Layout wanted) {
            OpenCheckpoint<C, ?> opened = checkpoints.of(dict);
            if (wanted == Layout.DIFFUSERS) {
                Map<String, Object> json = said(theirConfig.apply(opened.config()), diffusers);
                return new LayoutConversion(theirs.apply(opened.tensors()), json);
            }
            StateDict tensors = plain.apply(opened.tensors());
            C config = plainConfig.apply(opened.config(), tensors);
            return new LayoutConversion(tensors, said(config, original));
        }

        /// Returns the configuration as JSON, if that says all of it.
        private Map<String, Object> said(C config, Function<C, Map<String, Object>> json) {
            Map<String, Object> map = json.apply(config);
            C read = parse.apply(JsonFile.mapper().valueToTree(map), "config.json");
            ConfigException.require(
                    read.equals(config),
                    "the wanted layout has no %s like this: its config.json would be read as %s,"
                            + " but it is %s",
                    checkpoints.name().replaceFirst("^an? ", ""),
                    read,
                    config);
            return map;
        }
    }
}
