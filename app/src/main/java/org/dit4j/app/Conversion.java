package org.dit4j.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.DitCheckpoint;
import org.dit4j.model.DitConfigs;
import org.dit4j.model.DitLayouts;
import org.dit4j.model.DitLayouts.Layout;
import org.dit4j.model.LayoutConversion;
import org.dit4j.tensor.Dtype;
import org.jspecify.annotations.Nullable;

/// A checkpoint that is about to be written.
///
/// @param tensors under the names of its layout
/// @param config what goes into `config.json`; empty if it is not known
record Conversion(StateDict tensors, Map<String, Object> config) implements AutoCloseable {
    private static final String OTHER_FREQUENCIES =
            "note: diffusers and the original code space the frequencies of the timestep"
                    + " differently, so the same weights give other outputs there";

    private static final String NO_CLASS =
            "note: the model was trained without dropped labels; the row for \"no class\" that"
                    + " diffusers needs is zero, so generate without guidance there"
                    + " (guidance_scale 1)";

    /// Opens `in` in the wanted layout, or in its own if none is wanted.
    ///
    /// @param weights entry of a training checkpoint; null for its averaged weights
    /// @param note takes what the user should know
    /// @throws CheckpointException if a layout is wanted of what has one only
    static Conversion of(
            Path in, @Nullable String weights, Optional<Layout> layout, Consumer<String> note) {
        StateDict dict = weights == null ? StateDict.open(in) : StateDict.open(in, weights);
        try {
            Optional<Layout> own = DitLayouts.find(dict);
            if (own.isPresent()) {
                Layout wanted = layout.orElse(own.get());
                if (wanted != own.get()) {
                    note.accept(OTHER_FREQUENCIES);
                }
                DitCheckpoint from = DitCheckpoint.of(dict);
                if (wanted == Layout.DIFFUSERS && !DitLayouts.hasNoClass(from.config())) {
                    note.accept(NO_CLASS);
                }
                return of(from, wanted);
            }
            if (layout.isPresent()) {
                return other(dict, layout.get());
            }
            return new Conversion(dict, configBeside(dict.file()));
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    /// A network besides DiT; as it is if it has the wanted layout.
    private static Conversion other(StateDict dict, Layout layout) {
        var wanted =
                switch (layout) {
                    case ORIGINAL -> org.dit4j.model.Layout.ORIGINAL;
                    case DIFFUSERS -> org.dit4j.model.Layout.DIFFUSERS;
                };
        var own =
                LayoutConversion.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        "%s: there is no other layout to choose: not of its family, or it is none that is known; --dtype alone works"
                                                .formatted(dict.file())));
        if (own == wanted) {
            return new Conversion(dict, configBeside(dict.file()));
        }
        var converted = LayoutConversion.of(dict, wanted);
        return new Conversion(converted.tensors(), converted.config());
    }

    private static Conversion of(DitCheckpoint from, Layout layout) {
        return switch (layout) {
            case ORIGINAL -> {
                DitCheckpoint c = DitLayouts.original(from);
                yield new Conversion(c.tensors(), DitConfigs.json(c.config()));
            }
            case DIFFUSERS -> {
                DitCheckpoint c = DitLayouts.diffusers(from);
                yield new Conversion(c.tensors(), DitConfigs.diffusersJson(c.config()));
            }
        };
    }

    private static Map<String, Object> configBeside(Path file) {
        Path config = file.resolveSibling("config.json");
        Map<String, Object> fields = new LinkedHashMap<>();
        if (Files.isRegularFile(config)) {
            JsonFile.tree(config).properties().forEach(e -> fields.put(e.getKey(), e.getValue()));
        }
        return fields;
    }

    /// Returns the same with another floating-point type.
    Conversion to(Dtype dtype) {
        return new Conversion(tensors.to(dtype), config);
    }

    /// Returns the name of the weights' file in a folder without its ending: that of diffusers or
    /// of the original.
    String fileName() {
        return config.containsKey("_class_name") ? "diffusion_pytorch_model" : "model";
    }

    @Override
    public void close() {
        tensors.close();
    }
}
