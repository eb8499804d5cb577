package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.ParameterSource;
import org.jspecify.annotations.Nullable;

/// What the checkpoints of a family of networks have in common.
///
/// @param name with its article, for messages
/// @param find the layout of the tensors, empty if they are of another family
/// @param named gives the tensors the names of the network
/// @param read reads a `config.json`
/// @param shapes reads the configuration off the tensors where there is no `config.json`; null if
///   they do not tell everything
/// @param network builds the network
/// @param theirs gives the tensors the names of diffusers, for adapters that use those; null if
///   there is no way back
/// @param <C> type of the configuration
/// @param <N> type of the network
record CheckpointFamily<C, N>(
        String name,
        Function<StateDict, Optional<Layout>> find,
        BiFunction<StateDict, Layout, StateDict> named,
        Function<Path, C> read,
        @Nullable Function<StateDict, C> shapes,
        BiFunction<ParameterSource, C, N> network,
        @Nullable UnaryOperator<StateDict> theirs) {
    /// A family whose tensors do not get the names of diffusers back.
    CheckpointFamily(
            String name,
            Function<StateDict, Optional<Layout>> find,
            BiFunction<StateDict, Layout, StateDict> named,
            Function<Path, C> read,
            @Nullable Function<StateDict, C> shapes,
            BiFunction<ParameterSource, C, N> network) {
        this(name, find, named, read, shapes, network, null);
    }

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no checkpoint of the family at that path
    /// @throws ConfigException if the configuration is wrong or missing
    OpenCheckpoint<C, N> open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    /// Returns what is open as a checkpoint, which takes it over.
    OpenCheckpoint<C, N> of(StateDict dict) {
        Layout layout =
                find.apply(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        "%s: is not %s (its tensors have other names)"
                                                .formatted(dict.file(), name)));
        StateDict tensors = named.apply(dict, layout);
        return new OpenCheckpoint<>(tensors, config(tensors), layout, network, detour(layout));
    }

    /// Returns tensors under the names of the network named as diffusers does.
    StateDict theirs(StateDict tensors) {
        if (theirs == null) {
            throw new CheckpointException(
                    "%s: there is no way from %s to the names of diffusers"
                            .formatted(tensors.file(), name));
        }
        return theirs.apply(tensors);
    }

    /// By way of the names of diffusers, for files that have others.
    private UnaryOperator<StateDict> detour(Layout layout) {
        return theirs == null || layout == Layout.DIFFUSERS
                ? UnaryOperator.identity()
                : tensors -> named.apply(theirs.apply(tensors), Layout.DIFFUSERS);
    }

    private C config(StateDict tensors) {
        Path file = tensors.file().resolveSibling("config.json");
        if (Files.isRegularFile(file)) {
            return read.apply(file);
        }
        if (shapes == null) {
            throw new ConfigException(
                    tensors.file() + ": its numbers are not known; put a config.json beside it");
        }
        return shapes.apply(tensors);
    }
}
