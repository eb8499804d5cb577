package org.dit4j.model;

import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.RmsNorm;

/// A double block of [Flux], in which text and picture have weights of their own
/// (black-forest-labs/flux, `modules/layers.py`, `DoubleStreamBlock`): that of [MmDit] under other
/// names.
final class FluxDoubleBlock {
    private FluxDoubleBlock() {}

    /// Builds it from the names of the original code.
    static MmDitBlock of(ParameterSource source, Flux.Config config) {
        return new MmDitBlock(stream(source, "txt", config), stream(source, "img", config));
    }

    private static MmDitStream stream(ParameterSource source, String name, Flux.Config config) {
        int d = config.hiddenSize();
        ParameterSource attn = source.at(name + "_attn");
        ParameterSource mlp = source.at(name + "_mlp");
        Linear fc1 = mlp.linear("0", d, Flux.MLP_RATIO * d);
        Linear fc2 = mlp.linear("2", Flux.MLP_RATIO * d, d);
        return new MmDitStream(
                modulation(source.at(name + "_mod"), d, 6),
                attn.linear("qkv", d, 3L * d),
                norm(attn.at("norm"), config),
                config.numHeads(),
                new MmDitStream.After(attn.linear("proj", d, d), new Mlp(fc1, fc2)),
                null);
    }

    /// Builds a modulation from `lin` below `source`.
    static Modulation modulation(ParameterSource source, int width, int parts) {
        return new Modulation(
                source.linear("lin", width, (long) parts * width, Init.zeros()), parts);
    }

    /// Builds the norms of queries and keys from `query_norm.scale` and `key_norm.scale`.
    static QkNorm norm(ParameterSource source, Flux.Config config) {
        return new QkNorm(
                rms(source.at("query_norm"), config.headWidth()),
                rms(source.at("key_norm"), config.headWidth()));
    }

    private static RmsNorm rms(ParameterSource source, long width) {
        return new RmsNorm(source.parameter("scale", Init.ones(), width), MmDitStream.EPS);
    }
}
