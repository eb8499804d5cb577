package org.dit4j.diffusion;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import tools.jackson.core.JacksonException;

/// Writes a paused sampling run to a file and reads it back, so that it goes on, in this process or
/// another, bit by bit as if it had never stopped; or several times, to branch it.
///
/// The file is safetensors: `x`, `x0` where known, `history.0` and so on, `memory.0` and so on if
/// the run has a cache, and `rng`, the state of the generator; the number of calls made, the
/// caller's name of the run and the outline of the memory are in its metadata.
public final class SamplerStates {
    private static final String KIND = "dit4j sampler state 1";
    private static final long RNG_BYTES = 5056;
    private static final int MOST_HISTORY = 16;
    private static final int MOST_NUMBERS = 16;
    private static final long MOST_ELEMENTS = 1L << 31;

    private SamplerStates() {}

    /// A run as read from a file.
    ///
    /// @param state in the caller's scope, on the CPU
    /// @param rng the generator, where one was saved; the caller closes it
    public record Saved(SamplerState state, Optional<Rng> rng) {}

    /// Writes a run, completely or not at all.
    ///
    /// @param run what the run is, such as method, steps, network and request: [#load] asks for the
    ///   same text, so that a run is not continued as another one
    /// @param rng the generator that the next step would draw from, if there is one
    /// @throws CheckpointException if the file could not be written; then nothing has changed
    public static void save(Path file, String run, SamplerState state, Optional<Rng> rng) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("x", state.x());
        if (state.x0() != null) {
            tensors.put("x0", state.x0());
        }
        for (int i = 0; i < state.history().size(); i++) {
            tensors.put("history." + i, state.history().get(i));
        }
        rng.ifPresent(r -> tensors.put("rng", r.state()));
        List<Tensor> remembered = state.memory().all().toList();
        for (int i = 0; i < remembered.size(); i++) {
            tensors.put("memory." + i, remembered.get(i));
        }
        var metadata = new LinkedHashMap<String, String>();
        metadata.put("kind", KIND);
        metadata.put("run", run);
        metadata.put("call", Integer.toString(state.call()));
        if (!state.memory().equals(Memory.NONE)) {
            metadata.put("memory", JsonFile.mapper().writeValueAsString(state.memory().outline()));
        }
        Safetensors.write(file, tensors, metadata);
    }

    /// Reads a run.
    ///
    /// @param run the text that was given to [#save]
    /// @throws CheckpointException if the file is damaged, no such file, or that of another run
    public static Saved load(Path file, String run) {
        try (StateDict dict = Safetensors.open(file)) {
            require(KIND.equals(dict.metadata().get("kind")), file, "is no sampler state");
            String saved = dict.metadata().getOrDefault("run", "");
            require(saved.equals(run), file, "is the run \"%s\", not \"%s\"", saved, run);
            int history = (int) dict.names().stream().filter(n -> n.startsWith("history.")).count();
            require(history <= MOST_HISTORY, file, "has a history of %d tensors", history);
            Memory.Outline memory = memory(file, dict);
            check(file, dict, history, memory.count());
            List<Tensor> past = new ArrayList<>();
            for (int i = 0; i < history; i++) {
                past.add(copy(dict, "history." + i));
            }
            Tensor x0 = dict.has("x0") ? copy(dict, "x0") : null;
            var tensors = Stream.iterate(0, i -> i + 1).map(i -> copy(dict, "memory." + i));
            var state =
                    new SamplerState(
                            copy(dict, "x"),
                            call(file, dict),
                            past,
                            x0,
                            memory.filled(tensors.iterator()));
            return new Saved(state, rng(file, dict));
        }
    }

    private static Memory.Outline memory(Path file, StateDict dict) {
        String json = dict.metadata().get("memory");
        if (json == null) {
            return Memory.NONE.outline();
        }
        try {
            return JsonFile.mapper().readValue(json, Memory.Outline.class);
        } catch (JacksonException e) {
            throw new CheckpointException(file + " has a damaged outline of its memory", e);
        }
    }

    /// Every tensor is one of those that [#save] writes, and all of them are like `x`, except that
    /// a method may remember a few numbers, float64, and a cache what it wants of a network.
    private static void check(Path file, StateDict dict, int history, int memory) {
        require(dict.has("x"), file, "has no tensor x");
        StateDict.Entry x = dict.entry("x");
        require(x.dtype().isFloat(), file, "has x of type %s", x.dtype());
        require(Shapes.count(x.shape()) <= MOST_ELEMENTS, file, "has too large an x");
        Set<String> known = known(history, memory);
        for (int i = 0; i < memory; i++) {
            require(dict.has("memory." + i), file, "has no tensor memory.%d", i);
        }
        for (String name : dict.names()) {
            if (name.equals("rng")) {
                continue;
            }
            require(known.contains(name), file, "has an unexpected tensor %s", name);
            StateDict.Entry other = dict.entry(name);
            if (name.startsWith("memory.")) {
                boolean fits =
                        other.dtype().isFloat() && Shapes.count(other.shape()) <= MOST_ELEMENTS;
                require(fits, file, "has a %s that is no tensor of a network", name);
                continue;
            }
            boolean like = other.dtype() == x.dtype() && Arrays.equals(other.shape(), x.shape());
            boolean numbers = name.startsWith("history.") && fewNumbers(other);
            require(like || numbers, file, "has %s of another type or shape than x", name);
        }
    }

    private static boolean fewNumbers(StateDict.Entry entry) {
        return entry.dtype() == Dtype.FLOAT64
                && entry.shape().length == 1
                && entry.shape()[0] <= MOST_NUMBERS;
    }

    private static Set<String> known(int history, int memory) {
        var names = new java.util.HashSet<>(Set.of("x", "x0"));
        for (int i = 0; i < history; i++) {
            names.add("history." + i);
        }
        for (int i = 0; i < memory; i++) {
            names.add("memory." + i);
        }
        return names;
    }

    private static int call(Path file, StateDict dict) {
        String text = dict.metadata().getOrDefault("call", "");
        require(text.matches("\\d{1,9}"), file, "has the call number \"%s\"", text);
        return Integer.parseInt(text);
    }

    private static Optional<Rng> rng(Path file, StateDict dict) {
        if (!dict.has("rng")) {
            return Optional.empty();
        }
        StateDict.Entry entry = dict.entry("rng");
        boolean fits =
                entry.dtype() == Dtype.UINT8
                        && Arrays.equals(entry.shape(), new long[] {RNG_BYTES});
        require(fits, file, "has a generator state that is not %d bytes", RNG_BYTES);
        try {
            return Optional.of(Rng.restored(copy(dict, "rng")));
        } catch (RuntimeException e) {
            throw new CheckpointException(file + " has an invalid generator state", e);
        }
    }

    private static Tensor copy(StateDict dict, String name) {
        return dict.tensor(name).clone();
    }

    private static void require(boolean rule, Path file, String message, Object... args) {
        if (!rule) {
            throw new CheckpointException(file + " " + message.formatted(args));
        }
    }
}
