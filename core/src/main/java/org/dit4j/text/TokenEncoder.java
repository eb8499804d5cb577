package org.dit4j.text;

import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.ParameterSource;

/// The network of a text encoder: numbers of tokens to the states of its layers.
///
/// Thread-safe for inference: parameters are only read. Results belong to the caller's innermost
/// scope.
public interface TokenEncoder extends AutoCloseable {
    /// What a network is; made from a `config.json` by [TextConfigs].
    sealed interface Config
            permits Bert.Config, ClipText.Config, T5Encoder.Config, CausalTransformer.Config {
        /// Builds the network.
        TokenEncoder network(ParameterSource source);
    }

    /// Encodes tokens and returns the last layer.
    ///
    /// @param ids int64 `[B, N]`, on the CPU: the network moves them to its device
    /// @param mask 1 for tokens, 0 for padding, `[B, N]`, on any device; padding is attended to by
    ///   no token, but has states of its own
    /// @throws org.dit4j.tensor.ShapeException if the shapes do not fit, there are more tokens than
    ///   positions, or an id is outside the vocabulary
    default EncodedTokens encode(Tensor ids, Tensor mask) {
        return encode(ids, mask, Set.of());
    }

    /// Encodes tokens and returns the last layer and those that are asked for.
    ///
    /// @param layers numbers in [0, depth]: 0 are the embeddings, i is what block i hands on, as in
    ///   `hidden_states` of transformers
    EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers);

    /// Returns the size D of a token's state.
    int width();

    /// Returns the number of blocks.
    int depth();

    /// Frees the parameters.
    @Override
    void close();
}
