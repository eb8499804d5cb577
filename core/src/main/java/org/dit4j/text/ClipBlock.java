package org.dit4j.text;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Activation;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;

/// A block of CLIP, of texts or of pictures: norms before each part (transformers,
/// `modeling_clip.py`, `CLIPEncoderLayer`).
record ClipBlock(
        LayerNorm norm1,
        TokenAttention attention,
        LayerNorm norm2,
        Linear fc1,
        Linear fc2,
        Activation activation) {
    /// @param width D
    /// @param heads heads of the attention, which divide D
    /// @param hidden width of the MLP
    /// @param eps of the norms
    static ClipBlock of(
            ParameterSource source,
            int width,
            int heads,
            int hidden,
            Activation activation,
            double eps) {
        ParameterSource self = source.at("self_attn");
        return new ClipBlock(
                source.layerNorm("layer_norm1", width, eps),
                TokenAttention.plain(
                        self.linear("q_proj", width, width),
                        self.linear("k_proj", width, width),
                        self.linear("v_proj", width, width),
                        self.linear("out_proj", width, width),
                        width,
                        heads),
                source.layerNorm("layer_norm2", width, eps),
                source.at("mlp").linear("fc1", width, hidden),
                source.at("mlp").linear("fc2", hidden, width),
                activation);
    }

    Tensor forward(Tensor x, Tensor mask) {
        Tensor y = x.add(attention.forward(norm1.forward(x), mask, null)); // [B, N, D]
        Tensor hidden = activation.forward(fc1.forward(norm2.forward(y)));
        return y.add(fc2.forward(hidden)); // [B, N, D]
    }
}
