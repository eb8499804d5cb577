package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads the archives of `torch.save`: a zip file with one pickle, `data.pkl`, and one entry for
/// each storage (pytorch/pytorch `torch/serialization.py`). Nothing in them is executed.
final class TorchFile {
    /// Where training programs keep the weights that are meant to be used.
    private static final List<String> USUAL = List.of("ema", "model", "state_dict");

    private static final int MAX_DEPTH = 16;
    private static final int MAX_VALUES = 1_000_000;
    private static final int MAX_TEXT = 1000;
    private static final int MAX_TEXTS = 2000;

    private final Path file;
    private final Map<String, StateDict.Item> items = new LinkedHashMap<>();
    private final Map<String, String> texts = new LinkedHashMap<>();
    private int visited;

    private TorchFile(Path file) {
        this.file = file;
    }

    /// Opens the named tensors of one file.
    ///
    /// @param weights which entry of a training checkpoint is meant; if null, the file itself if it
    ///   is a state dict, else its averaged weights `ema`, else `model`, else `state_dict`
    /// @throws CheckpointException naming the file and what is wrong or not allowed
    static StateDict open(Path file, @Nullable String weights) {
        MappedFile mapped = MappedFile.open(file);
        try {
            return new TorchFile(file).read(mapped, weights);
        } catch (RuntimeException e) {
            mapped.close();
            throw e;
        }
    }

    private StateDict read(MappedFile mapped, @Nullable String weights) {
        TorchObjects world = world(mapped.bytes());
        Object root = world.read();
        if (!(root instanceof Map<?, ?> map)) {
            throw failure("holds no named tensors (it was not saved from a state dict)");
        }
        Object chosen = choose(map, weights);
        if (!(chosen instanceof Map<?, ?> dict)) {
            throw failure("\"%s\" holds no named tensors".formatted(weights));
        }
        collect("", dict, 0);
        if (items.isEmpty()) {
            throw failure("holds no tensors");
        }
        if (dict != map) {
            map.forEach((key, value) -> describe(String.valueOf(key), value, 0));
        }
        describe("", world.attributes(dict), 0);
        return new StateDict(file, items, texts, List.of(mapped));
    }

    private TorchObjects world(MemorySegment bytes) {
        if (!ZipArchive.begins(bytes)) {
            boolean old =
                    bytes.byteSize() > 0 && bytes.get(ValueLayout.JAVA_BYTE, 0) == (byte) 0x80;
            throw failure(
                    old
                            ? "is in the format of PyTorch before 1.6; load it in Python and save it"
                                    + " again with torch.save"
                            : "is not a file of torch.save (wanted a zip archive)");
        }
        ZipArchive zip = ZipArchive.read(file, bytes);
        List<String> pickles =
                zip.entries().keySet().stream().filter(n -> n.matches("[^/]+/data\\.pkl")).toList();
        if (pickles.size() != 1) {
            throw failure("is not a file of torch.save (wanted one data.pkl in the zip archive)");
        }
        String root = pickles.getFirst().replace("data.pkl", "");
        requireLittleEndian(zip.entries().get(root + "byteorder"));
        MemorySegment pickle = zip.entries().get(pickles.getFirst());
        if (pickle == null || pickle.byteSize() > Integer.MAX_VALUE) {
            throw failure("data.pkl is too large");
        }
        return new TorchObjects(
                file.toString(), root, pickle.asByteBuffer(), zip, bytes.byteSize());
    }

    private void requireLittleEndian(@Nullable MemorySegment order) {
        if (order != null
                && order.byteSize() != 0
                && !text(order.asSlice(0, Math.min(16, order.byteSize()))).equals("little")) {
            throw failure("was written by a big-endian machine, which is not supported");
        }
    }

    private static String text(MemorySegment bytes) {
        return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private @Nullable Object choose(Map<?, ?> root, @Nullable String weights) {
        if (weights != null) {
            if (!root.containsKey(weights)) {
                throw failure("has no \"%s\"; there is %s".formatted(weights, keys(root)));
            }
            return root.get(weights);
        }
        if (root.values().stream().anyMatch(TorchTensor.class::isInstance)) {
            return root;
        }
        for (String key : USUAL) {
            if (root.get(key) instanceof Map<?, ?> dict) {
                return dict;
            }
        }
        throw failure("which weights are meant? There is " + keys(root));
    }

    private static String keys(Map<?, ?> map) {
        return map.keySet().stream()
                .limit(20)
                .map(k -> SafetensorsHeader.shown(String.valueOf(k)))
                .collect(Collectors.joining(", "));
    }

    /// Takes the tensors of `dict`, those of dictionaries in it with dots between the names.
    private void collect(String prefix, Map<?, ?> dict, int depth) {
        for (Map.Entry<?, ?> e : dict.entrySet()) {
            String name = prefix + e.getKey();
            visit(depth);
            switch (e.getValue()) {
                case TorchTensor tensor -> {
                    if (items.put(name, tensor) != null) {
                        throw failure("two tensors are " + SafetensorsHeader.shown(name));
                    }
                }
                case Map<?, ?> inner -> collect(name + ".", inner, depth + 1);
                default -> describe(name, e.getValue(), depth);
            }
        }
    }

    /// Keeps numbers and texts that stand beside the tensors, such as the arguments of the training
    /// program: `args.model`.
    private void describe(String name, @Nullable Object value, int depth) {
        visit(depth);
        switch (value) {
            case TorchObjects.Namespace n -> describe(name + ".", n.fields(), depth);
            case Map<?, ?> map when depth < 3 -> describe(name + ".", map, depth);
            case String s when s.length() <= MAX_TEXT || name.startsWith("dit4j.") -> put(name, s);
            case Number n -> put(name, n.toString());
            case Boolean b -> put(name, b.toString());
            case null, default -> {
                // not a fact that fits a line
            }
        }
    }

    private void describe(String prefix, Map<?, ?> map, int depth) {
        map.forEach((key, value) -> describe(prefix + key, value, depth + 1));
    }

    private void put(String name, String text) {
        if (texts.size() < MAX_TEXTS) {
            texts.put(name, text);
        }
    }

    private void visit(int depth) {
        visited++;
        if (depth > MAX_DEPTH || visited > MAX_VALUES) {
            throw failure("its dictionaries are nested too deeply");
        }
    }

    private CheckpointException failure(String message) {
        return new CheckpointException("%s: %s".formatted(file, message));
    }
}
