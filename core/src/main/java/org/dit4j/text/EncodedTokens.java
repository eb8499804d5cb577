package org.dit4j.text;

import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.TensorScope;

/// What a [TokenEncoder] makes of B texts of N tokens.
///
/// @param last states of the last layer, after its final norm, `[B, N, D]`
/// @param layers the layers that were asked for, each `[B, N, D]`; the highest is `last`, but
///   CLIP's is taken before the final norm
/// @param pooled one state for each text `[B, D]`, if the network has one
/// @param projected the pooled state in the space shared with pictures `[B, E]`, if the network has
///   the projection
public record EncodedTokens(
        Tensor last,
        Map<Integer, Tensor> layers,
        Optional<Tensor> pooled,
        Optional<Tensor> projected) {
    /// Copies the map.
    public EncodedTokens {
        layers = Map.copyOf(layers);
    }

    /// Returns a layer that was asked for.
    ///
    /// @throws ConfigException if it was not
    public Tensor layer(int number) {
        Tensor x = layers.get(number);
        ConfigException.require(x != null, "layer %d was not asked for", number);
        return java.util.Objects.requireNonNull(x);
    }

    /// Hands everything to the scope that encloses `scope`.
    EncodedTokens promote(TensorScope scope) {
        scope.promote(last);
        layers.values().stream().filter(x -> x != last).forEach(scope::promote);
        pooled.ifPresent(scope::promote);
        projected.ifPresent(scope::promote);
        return this;
    }
}
