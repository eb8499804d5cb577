package org.dit4j.app;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The embeddings and the first blocks of an MM-DiT with random weights, and what they are given.
record JointBlocks(MmDit network, int layers, Tensor x, Tensor t, Tensor text, Tensor pooled)
        implements Runnable, AutoCloseable {
    /// Draws weights and inputs.
    ///
    /// @param layers blocks that run; the network gets one more, the last, which has no use for the
    ///   text
    /// @param side height and width in patches
    static JointBlocks of(
            MmDit.Config config, int layers, int side, int textTokens, Dtype dtype, Device device) {
        try (var rng = Rng.seeded(0);
                var _ = TensorScope.open()) {
            var network =
                    new MmDit(
                            ParameterSource.initialising(rng, dtype, device),
                            withDepth(config, layers + 1));
            network.parameters().requireGrad(false);
            // modulations start at zero, and zeros may multiply faster than numbers
            network.parameters()
                    .trained()
                    .forEach((name, w) -> {
                        if (name.contains("adaLN")) {
                            w.copy_(Ops.mul(rng.normal(Shapes.of(w)), 0.02));
                        }
                    });
            int size = side * config.patchSize();
            return new JointBlocks(
                    network,
                    layers,
                    normal(rng, dtype, device, 1, config.inChannels(), size, size),
                    TensorScope.keep(Ops.to(Tensors.full(500, Dtype.FLOAT32, 1), device)),
                    normal(rng, dtype, device, 1, textTokens, config.textWidth()),
                    normal(rng, dtype, device, 1, config.pooledWidth()));
        }
    }

    private static MmDit.Config withDepth(MmDit.Config c, int depth) {
        List<Integer> dual = c.dualAttentionLayers().stream().filter(i -> i < depth).toList();
        return TimedPreset.changed(
                MmDitConfigs.json(c),
                MmDitConfigs::parse,
                Map.of("depth", depth, "dual_attention_layers", dual));
    }

    private static Tensor normal(Rng rng, Dtype dtype, Device device, long... shape) {
        return TensorScope.keep(Ops.to(Ops.to(rng.normal(shape), dtype), device));
    }

    /// Returns the parameters of the embeddings and of the blocks that run.
    long parameters() {
        return network.parameters().trained().entrySet().stream()
                .filter(e -> !e.getKey().startsWith("joint_blocks." + layers + "."))
                .filter(e -> !e.getKey().startsWith("final_layer."))
                .mapToLong(e -> e.getValue().numel())
                .sum();
    }

    @Override
    public void run() {
        boolean finite =
                Ops.noGrad(() -> {
                    try (var _ = TensorScope.open()) {
                        MmDit.Hidden h = network.embed(x, t, text, pooled);
                        for (int i = 0; i < layers; i++) {
                            h = block(i, h);
                        }
                        return Ops.isFinite(h.x());
                    }
                });
        ConfigException.require(finite, "the blocks gave numbers that are not finite");
    }

    private MmDit.Hidden block(int i, MmDit.Hidden h) {
        try (var scope = TensorScope.open()) {
            MmDit.Hidden next = network.block(i, h);
            scope.promote(next.x());
            scope.promote(next.text());
            h.x().close();
            h.text().close();
            return next;
        }
    }

    @Override
    public void close() {
        x.close();
        t.close();
        text.close();
        pooled.close();
        network.close();
    }
}
