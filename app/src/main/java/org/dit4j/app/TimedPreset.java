package org.dit4j.app;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import tools.jackson.databind.JsonNode;

/// A published size of a network, which can be built with fewer blocks and called with random
/// inputs.
///
/// @param name such as `SD3-medium`
/// @param layers of the whole network
/// @param unit what a layer is: `blocks`, or groups of blocks that only come together
/// @param batch 2 with guidance, 1 without
/// @param size usual latents
/// @param textTokens usual length of the text; 0 if there is none, or of a fixed length
/// @param builder makes it
record TimedPreset(
        String name,
        int layers,
        String unit,
        int batch,
        LatentSize size,
        int textTokens,
        Builder builder) {
    /// Makes a network of some layers for latents of some size and a text of some tokens.
    @FunctionalInterface
    interface Builder {
        Built build(ParameterSource source, int layers, LatentSize size, int textTokens);
    }

    /// A network.
    ///
    /// @param parameters which closing closes
    /// @param call draws inputs, and returns what predicts with them again and again; both leave
    ///   their tensors in the caller's innermost scope
    record Built(Parameters parameters, Function<RandomInputs, Supplier<Tensor>> call) {}

    /// Builds the network with some of its layers.
    Built build(ParameterSource source, int some) {
        return builder.build(source, some, size, textTokens);
    }

    /// Counts the parameters of the network with some of its layers.
    long count(int some) {
        return Families.count(s -> build(s, some).parameters());
    }

    /// Returns a configuration with other numbers, by the keys of its JSON.
    static <C> C changed(
            Map<String, Object> json, BiFunction<JsonNode, Object, C> parse, Map<String, ?> other) {
        var map = new LinkedHashMap<>(json);
        map.putAll(other);
        return parse.apply(JsonFile.mapper().valueToTree(map), "preset");
    }
}
