package org.dit4j.checkpoint;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// The updates in an open LoRA file, by the layers that they are of.
final class LoraFile implements AutoCloseable {
    private static final Pattern FACTOR =
            Pattern.compile(
                    "(.+)\\.(?:(lora_A|lora_down|lora\\.down)|lora_B|lora_up|lora\\.up)"
                            + "(?:\\.(?!weight)[^.]+)?\\.weight");
    private static final String ALPHA = ".alpha";

    private final StateDict dict;
    private final Map<String, LowRank> layers;
    private final List<String> strange;

    private LoraFile(StateDict dict, Map<String, LowRank> layers, List<String> strange) {
        this.dict = dict;
        this.layers = layers;
        this.strange = strange;
    }

    /// Opens a file.
    ///
    /// @throws CheckpointException if it is none, or a layer has only one of both factors
    static LoraFile open(Lora lora) {
        StateDict dict = StateDict.open(lora.file());
        try {
            return new Reader(dict, lora).read();
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    /// Returns the updates, by the names of the layers in the file.
    Map<String, LowRank> layers() {
        return layers;
    }

    /// Returns the tensors that are no part of a low-rank update.
    List<String> strange() {
        return strange;
    }

    /// Returns the file for messages.
    Object name() {
        return dict.file();
    }

    @Override
    public void close() {
        dict.close();
    }

    private static final class Reader {
        private final StateDict dict;
        private final Lora lora;
        private final Map<Lora.Part, LoraAlphas> alphas = new EnumMap<>(Lora.Part.class);
        private final Map<String, String> downs = new LinkedHashMap<>();
        private final Map<String, String> ups = new LinkedHashMap<>();
        private final List<String> strange = new ArrayList<>();

        Reader(StateDict dict, Lora lora) {
            this.dict = dict;
            this.lora = lora;
        }

        private boolean wanted(String name) {
            return lora.parts().contains(Lora.Part.of(name));
        }

        LoraFile read() {
            dict.names().stream().filter(this::wanted).forEach(this::sort);
            var layers = new LinkedHashMap<String, LowRank>();
            downs.forEach((layer, down) -> {
                String up = ups.remove(layer);
                if (up == null) {
                    throw lonely(layer);
                }
                layers.put(layer, update(layer, down, up).times(lora.scale()));
            });
            if (!ups.isEmpty()) {
                throw lonely(ups.keySet().iterator().next());
            }
            for (String name : dict.names()) {
                if (wanted(name) && name.endsWith(ALPHA) && !layers.containsKey(layerOf(name))) {
                    strange.add(name);
                }
            }
            if (layers.isEmpty() && lora.parts().size() == Lora.Part.values().length) {
                throw new CheckpointException(dict.file() + ": holds no LoRA");
            }
            return new LoraFile(dict, layers, List.copyOf(strange));
        }

        private void sort(String name) {
            Matcher m = FACTOR.matcher(name);
            if (m.matches()) {
                Map<String, String> known = m.group(2) == null ? ups : downs;
                if (known.put(m.group(1), name) != null) {
                    throw new CheckpointException(
                            "%s: two factors of %s".formatted(dict.file(), m.group(1)));
                }
            } else if (!name.endsWith(ALPHA)) {
                strange.add(name);
            }
        }

        private LowRank update(String layer, String down, String up) {
            long[] shape = dict.entry(down).shape();
            if (shape.length == 0 || shape[0] == 0) {
                throw new CheckpointException("%s: %s is empty".formatted(dict.file(), down));
            }
            double factor =
                    own(layer)
                            .map(alpha -> alpha / shape[0])
                            .orElseGet(() -> alphas(layer).factor(layer, shape[0]));
            return new LowRank(
                    "%s: %s".formatted(dict.file(), layer), dict.item(down), dict.item(up), factor);
        }

        private LoraAlphas alphas(String layer) {
            return alphas.computeIfAbsent(
                    Lora.Part.of(layer), part -> LoraAlphas.of(dict, part.prefix()));
        }

        /// The alpha that stands beside the factors.
        private Optional<Double> own(String layer) {
            if (!dict.has(layer + ALPHA)) {
                return Optional.empty();
            }
            try (var _ = TensorScope.open()) {
                var alpha = dict.item(layer + ALPHA).read();
                if (alpha.numel() != 1) {
                    throw new CheckpointException(
                            "%s: %s must be one number".formatted(dict.file(), layer + ALPHA));
                }
                return Optional.of(Ops.item(alpha));
            }
        }

        private static String layerOf(String alpha) {
            return alpha.substring(0, alpha.length() - ALPHA.length());
        }

        private CheckpointException lonely(String layer) {
            return new CheckpointException(
                    "%s: %s has one of the two factors only".formatted(dict.file(), layer));
        }
    }
}
