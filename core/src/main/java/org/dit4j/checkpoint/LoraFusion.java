package org.dit4j.checkpoint;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Adds the updates of LoRA files to the weights of a checkpoint, whatever its network.
///
/// A checkpoint of another layout gets the network's names from a [KeyMap], which may join layers.
/// An adapter may use either names, so its updates are added where all its layers are found: to the
/// tensors of the file, which are then mapped once more, or to those of the network.
final class LoraFusion {
    private static final int LISTED = 24;

    /// What may stand before the name of a layer with dots.
    private static final List<String> PREFIXES =
            List.of(
                    "",
                    "transformer.",
                    "base_model.model.",
                    "diffusion_model.",
                    "model.diffusion_model.",
                    "unet.",
                    "text_encoder.",
                    "text_encoder_2.",
                    "text_encoder_3.");

    /// What stands before the name of a layer whose dots have become underscores.
    private static final List<String> FLAT_PREFIXES =
            List.of(
                    "lora_unet_",
                    "lora_transformer_",
                    "lycoris_",
                    "lora_te_",
                    "lora_te1_",
                    "lora_te2_",
                    "lora_te3_");

    private final List<StateDict> stages = new ArrayList<>();
    private final List<UnaryOperator<StateDict>> steps = new ArrayList<>();
    private final List<Map<String, List<LowRank>>> updates = new ArrayList<>();

    private LoraFusion(StateDict dict) {
        StateDict stage = dict;
        stages.add(stage);
        for (Optional<StateDict.Origin> o = stage.origin(); o.isPresent(); o = stage.origin()) {
            stage = o.get().from();
            stages.addFirst(stage);
            steps.addFirst(o.get().step());
        }
        stages.forEach(_ -> updates.add(new LinkedHashMap<>()));
    }

    /// Returns the tensors with all updates. The result takes `dict` over, unless this fails.
    ///
    /// @throws CheckpointException if a file is no LoRA, has layers that the network lacks or that
    ///   have other shapes, or holds something else; it names them
    static StateDict fuse(StateDict dict, List<Lora> loras) {
        if (loras.isEmpty()) {
            return dict;
        }
        var files = new ArrayList<LoraFile>();
        boolean done = false;
        try {
            var fusion = new LoraFusion(dict);
            for (Lora lora : loras) {
                files.add(LoraFile.open(lora));
                fusion.add(files.getLast());
            }
            var owned = new ArrayList<AutoCloseable>(files);
            owned.add(dict.handOver());
            StateDict fused = fusion.replay().changed(Map.of(), owned);
            done = true;
            return fused;
        } finally {
            if (!done) {
                files.forEach(LoraFile::close);
            }
        }
    }

    /// Finds the stage that has all layers: the network's own names come first for flat names,
    /// which are mostly those of the original code, else last.
    private void add(LoraFile file) {
        var found = new ArrayList<Found>();
        for (int i = 0; i < stages.size(); i++) {
            found.add(new Found(i, stages.get(i), file));
        }
        if (file.layers().keySet().stream().anyMatch(LoraFusion::flat)) {
            found.sort(Comparator.comparingInt(f -> -f.stage));
        }
        Found best = found.stream().min(Comparator.comparingInt(f -> f.unknown.size())).get();
        best.require();
        best.targets.forEach((weight, update) -> {
            update.require(stages.get(best.stage).entry(weight));
            updates.get(best.stage).computeIfAbsent(weight, _ -> new ArrayList<>()).add(update);
        });
    }

    private StateDict replay() {
        StateDict dict = changed(0, stages.getFirst());
        for (int i = 0; i < steps.size(); i++) {
            dict = changed(i + 1, steps.get(i).apply(dict));
        }
        return dict;
    }

    private StateDict changed(int stage, StateDict dict) {
        var changed = new LinkedHashMap<String, StateDict.Item>();
        updates.get(stage)
                .forEach((weight, all) ->
                        changed.put(weight, new DerivedItems.Adapted(dict.item(weight), all)));
        return changed.isEmpty() ? dict : dict.changed(changed, List.of());
    }

    private static boolean flat(String layer) {
        return FLAT_PREFIXES.stream().anyMatch(layer::startsWith);
    }

    /// Which layers of a file a stage has.
    private static final class Found {
        private static final String WEIGHT = ".weight";

        private final int stage;
        private final LoraFile file;
        private final Map<String, LowRank> targets = new LinkedHashMap<>();
        private final List<String> unknown = new ArrayList<>();

        Found(int stage, StateDict dict, LoraFile file) {
            this.stage = stage;
            this.file = file;
            var flat = new HashMap<String, String>();
            for (String name : dict.names()) {
                if (name.endsWith(WEIGHT)) {
                    String layer = name.substring(0, name.length() - WEIGHT.length());
                    flat.put(layer.replace('.', '_'), name);
                }
            }
            file.layers()
                    .forEach((layer, update) -> {
                        Optional<String> weight = weight(dict, flat, layer);
                        if (weight.isEmpty() || targets.put(weight.get(), update) != null) {
                            unknown.add(layer);
                        }
                    });
        }

        private static Optional<String> weight(
                StateDict dict, Map<String, String> flat, String layer) {
            for (String prefix : FLAT_PREFIXES) {
                if (layer.startsWith(prefix)) {
                    return Optional.ofNullable(flat.get(layer.substring(prefix.length())));
                }
            }
            return PREFIXES.stream()
                    .filter(layer::startsWith)
                    .map(prefix -> layer.substring(prefix.length()) + WEIGHT)
                    .filter(dict::has)
                    .findFirst();
        }

        void require() {
            var all = new ArrayList<>(unknown);
            all.addAll(file.strange());
            if (!all.isEmpty()) {
                throw new CheckpointException(
                        "%s does not fit the network: %d of its names match no layer: %s"
                                .formatted(file.name(), all.size(), NameList.text(all, LISTED)));
            }
        }
    }
}
