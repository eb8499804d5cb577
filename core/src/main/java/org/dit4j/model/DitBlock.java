package org.dit4j.model;

import static org.dit4j.nn.Modulation.modulate;

import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Attention;
import org.dit4j.nn.Conditioning;
import org.dit4j.nn.CrossAttention;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;

/// The paper's four ways to condition a transformer block (Peebles and Xie 2023, arXiv:2212.09748,
/// section 3.2 and figure 3).
sealed interface DitBlock {
    /// Epsilon of the norms.
    double EPS = 1e-6;

    /// Applies the block.
    ///
    /// @param i its number
    /// @param x tokens `[B, N, D]`
    /// @param c conditioning: `[B, D]`, the sum of time and class, for the two adaptive variants;
    ///   `[B, 2, D]`, one token each, for cross-attention; unused for in-context, where both stand
    ///   among the tokens
    /// @return `[B, N, D]`
    Tensor forward(int i, Tensor x, Conditioning c);

    /// Returns the modulation, if it has one.
    default Stream<Modulation> modulations() {
        return Stream.empty();
    }

    /// Builds the variant that `config` names.
    static DitBlock of(ParameterSource source, Dit.Config config) {
        int d = config.hiddenSize();
        Attention attn =
                Attention.of(source.at("attn"), d, config.numHeads(), config.variant().qkNorm());
        Mlp mlp = Mlp.of(source.at("mlp"), d, config.mlpWidth());
        return switch (config.variant().block()) {
            case ADALN_ZERO ->
                    new AdaLnZero(
                            attn,
                            mlp,
                            modulation(source, d, 6),
                            LayerNorm.plain(config.variant().mlpNormEps()));
            case ADALN -> new AdaLn(attn, mlp, modulation(source, d, 4));
            case CROSS_ATTENTION ->
                    new CrossAttending(
                            attn,
                            CrossAttention.of(source.at("cross_attn"), d, config.numHeads()),
                            mlp,
                            source.layerNorm("norm1", d, EPS),
                            source.layerNorm("norm2", d, EPS),
                            source.layerNorm("norm3", d, EPS));
            case IN_CONTEXT ->
                    new InContext(
                            attn,
                            mlp,
                            source.layerNorm("norm1", d, EPS),
                            source.layerNorm("norm2", d, EPS));
        };
    }

    private static Modulation modulation(ParameterSource source, int width, int parts) {
        return Modulation.of(source.at("adaLN_modulation"), width, parts);
    }

    /// Shifts, scales and gates from the conditioning; the gates start at zero, so each block
    /// starts as the identity.
    record AdaLnZero(Attention attn, Mlp mlp, Modulation modulation, LayerNorm norm2)
            implements DitBlock {
        @Override
        public Stream<Modulation> modulations() {
            return Stream.of(modulation);
        }

        @Override
        public Tensor forward(int i, Tensor x, Conditioning c) {
            // shift, scale, gate of attention; the same of the MLP; each [B, 1, D]
            Tensor[] m = c.at(i, modulation);
            Tensor a = attn.forward(modulate(LayerNorm.plain(EPS).forward(x), m[0], m[1]));
            Tensor h = x.addcmul(m[2], a); // [B, N, D]
            return h.addcmul(m[5], mlp.forward(modulate(norm2.forward(h), m[3], m[4])));
        }
    }

    /// Shifts and scales from the conditioning, plain residuals.
    record AdaLn(Attention attn, Mlp mlp, Modulation modulation) implements DitBlock {
        @Override
        public Stream<Modulation> modulations() {
            return Stream.of(modulation);
        }

        @Override
        public Tensor forward(int i, Tensor x, Conditioning c) {
            // shift and scale of attention, then of the MLP; each [B, 1, D]
            Tensor[] m = c.at(i, modulation);
            LayerNorm norm = LayerNorm.plain(EPS);
            Tensor h = x.add(attn.forward(modulate(norm.forward(x), m[0], m[1])));
            return h.add(mlp.forward(modulate(norm.forward(h), m[2], m[3])));
        }
    }

    /// A multi-head cross-attention after the self-attention, to a sequence of two: time and class.
    record CrossAttending(
            Attention attn,
            CrossAttention crossAttn,
            Mlp mlp,
            LayerNorm norm1,
            LayerNorm norm2,
            LayerNorm norm3)
            implements DitBlock {
        @Override
        public Tensor forward(int i, Tensor x, Conditioning c) {
            Tensor h = x.add(attn.forward(norm1.forward(x)));
            Tensor k = h.add(crossAttn.forward(norm2.forward(h), c.c()));
            return k.add(mlp.forward(norm3.forward(k)));
        }
    }

    /// A plain transformer block; time and class are two more tokens.
    record InContext(Attention attn, Mlp mlp, LayerNorm norm1, LayerNorm norm2)
            implements DitBlock {
        @Override
        public Tensor forward(int i, Tensor x, Conditioning c) {
            Tensor h = x.add(attn.forward(norm1.forward(x)));
            return h.add(mlp.forward(norm2.forward(h)));
        }
    }
}
