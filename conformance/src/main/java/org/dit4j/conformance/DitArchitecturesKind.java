package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Dit;
import org.dit4j.model.DitPresets;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Shapes;
import tools.jackson.databind.JsonNode;

/// The standard sizes of DiT: parameter counts, and names and shapes of every tensor of one:
/// `models/dit/architectures`.
final class DitArchitecturesKind implements CaseKind {
    private static final String STATE_DICT = "state_dict_of_";
    private static final String INPUT_SIZE = "input_size_";

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().equals("models/dit/architectures");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        c.json()
                .path("models")
                .properties()
                .forEach(model -> {
                    for (var entry : model.getValue().properties()) {
                        if (entry.getKey().startsWith(INPUT_SIZE)) {
                            counts(model.getKey(), entry.getKey(), entry.getValue(), out);
                        }
                    }
                    Dit.Config config = DitPresets.of(model.getKey(), 32);
                    JsonNode wanted = model.getValue();
                    same(model.getKey(), wanted, "depth", config.depth(), out);
                    same(model.getKey(), wanted, "hidden_size", config.hiddenSize(), out);
                    same(model.getKey(), wanted, "num_heads", config.numHeads(), out);
                    same(model.getKey(), wanted, "patch_size", config.patchSize(), out);
                });
        for (var entry : c.json().properties()) {
            if (entry.getKey().startsWith(STATE_DICT)) {
                tensors(entry.getKey(), entry.getValue(), out);
            }
        }
    }

    private static Dit network(String model, String size) {
        int inputSize = Integer.parseInt(size.substring(INPUT_SIZE.length()));
        return new Dit(ParameterSource.counting(), DitPresets.of(model, inputSize));
    }

    private static void counts(String model, String size, JsonNode wanted, Findings out) {
        try (Dit dit = network(model, size)) {
            String name = model + "." + size;
            long all = dit.parameters().all().values().stream().mapToLong(Tensor::numel).sum();
            same(name, wanted, "parameters", all, out);
            same(name, wanted, "trained_parameters", dit.parameters().count(), out);
            same(name, wanted, "state_dict_tensors", dit.parameters().all().size(), out);
        }
    }

    private static void same(String name, JsonNode wanted, String key, long actual, Findings out) {
        out.same(name + "." + key, wanted.path(key).asLong(-1), actual);
    }

    /// In any order: the original registers its table of positions first, we where it is used.
    private static void tensors(String key, JsonNode wanted, Findings out) {
        int at = key.indexOf("_" + INPUT_SIZE);
        try (Dit dit = network(key.substring(STATE_DICT.length(), at), key.substring(at + 1))) {
            List<String> expected = new ArrayList<>();
            wanted.forEach(t ->
                    expected.add(
                            t.path(0).asString() + " " + t.path(1).toString().replace(",", ", ")));
            List<String> actual = new ArrayList<>();
            dit.parameters()
                    .all()
                    .forEach((name, t) -> actual.add(name + " " + Arrays.toString(Shapes.of(t))));
            out.same(key, expected.stream().sorted().toList(), actual.stream().sorted().toList());
        }
    }
}
