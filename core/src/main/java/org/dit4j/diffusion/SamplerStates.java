package org.dit4j.diffusion;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;

/// Writes a paused sampling run to a file and reads it back, so that it goes on, in this process or
/// another, bit by bit as if it had never stopped; or several times, to branch it.
///
/// The file is safetensors: `x`, `x0` where known, `history.0` and so on, and `rng`, the state of
/// the generator; the number of calls made and the caller's name of the run are in its metadata.
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
        Safetensors.write(
                file,
                tensors,
                Map.of("kind", KIND, "run", run, "call", Integer.toString(state.call())));
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
            check(file, dict, history);
            List<Tensor> past = new ArrayList<>();
            for (int i = 0; i < history; i++) {
                past.add(copy(dict, "history." + i));
            }
            Tensor x0 = dict.has("x0") ? copy(dict, "x0") : null;
            var state = new SamplerState(copy(dict, "x"), call(file, dict), past, x0);
            return new Saved(state, rng(file, dict));
        }
    }

    /// Every tensor is one of those that [#save] writes, and all of them are like `x`, except that
    /// a method may remember a few numbers, float64.
    private static void check(Path file, StateDict dict, int history) {
        require(dict.has("x"), file, "has no tensor x");
        StateDict.Entry x = dict.entry("x");
        require(x.dtype().isFloat(), file, "has x of type %s", x.dtype());
        require(Shapes.count(x.shape()) <= MOST_ELEMENTS, file, "has too large an x");
        for (String name : dict.names()) {
            if (name.equals("rng")) {
                continue;
            }
            require(known(history).contains(name), file, "has an unexpected tensor %s", name);
            StateDict.Entry other = dict.entry(name);
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

    private static Set<String> known(int history) {
        var names = new java.util.HashSet<>(Set.of("x", "x0"));
        for (int i = 0; i < history; i++) {
            names.add("history." + i);
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
