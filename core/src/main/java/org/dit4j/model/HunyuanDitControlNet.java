package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// A ControlNet of [HunyuanDit] (Zhang et al. 2023, arXiv:2302.05543; diffusers,
/// `controlnets/controlnet_hunyuan.py`): the blocks of the network whose outputs later blocks merge
/// once more, which also see the latents of a control picture and of which each gives a residual.
///
/// Parameter names are those of [HunyuanDit], and those of diffusers for what only this network
/// has. Thread-safe: parameters are only read.
public final class HunyuanDitControlNet implements AutoCloseable {
    private final HunyuanDit.Config config;
    private final HunyuanDitEmbedding embedding;
    private final Linear input;
    private final List<HunyuanDitBlock> blocks = new ArrayList<>();
    private final List<Linear> outputs = new ArrayList<>();
    private final Parameters parameters;

    /// Builds the network from named parameters. Its input of the control and its outputs start at
    /// zero.
    ///
    /// @param config of the network that it steers
    public HunyuanDitControlNet(ParameterSource source, HunyuanDit.Config config) {
        this.config = config;
        int d = config.hiddenSize();
        int depth = config.depth() / 2 - 1;
        ConfigException.require(
                depth > 0,
                "a ControlNet needs a network of at least 4 blocks, not %d",
                config.depth());
        embedding = HunyuanDitEmbedding.of(source, config);
        input = source.linear("input_block", d, d, Init.zeros());
        for (int i = 0; i < depth; i++) {
            blocks.add(HunyuanDitBlock.of(source.at("blocks." + i), config, false));
            outputs.add(source.linear("controlnet_blocks." + i, d, d, Init.zeros()));
        }
        parameters = source.parameters();
    }

    /// Returns the configuration of the network that this one steers.
    public HunyuanDit.Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and text states must have.
    public Dtype dtype() {
        return input.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Returns what is added to the outputs of the first blocks of the network that this one
    /// steers.
    ///
    /// @param x noisy latents `[B, C, H, W]`, which divide into patches
    /// @param control latents of the control picture `[B, C, H, W]`
    /// @param t `[B]`: step of the process
    /// @param conditions what to show
    /// @param scale times which the residuals are given
    /// @return depth / 2 - 1 tensors `[B, N, D]` for [HunyuanDit#forward(Tensor, Tensor,
    ///   HunyuanDit.Conditions, List)], in the caller's scope
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    public List<Tensor> forward(
            Tensor x, Tensor control, Tensor t, HunyuanDit.Conditions conditions, double scale) {
        try (var scope = TensorScope.open()) {
            List<Tensor> residuals =
                    forward(x, control, t, embedding.conditions(conditions, x.size(0)), scale);
            residuals.forEach(scope::promote);
            return residuals;
        }
    }

    /// Computes all of the conditions that is the same at all times. It belongs to the caller's
    /// innermost scope.
    public HunyuanDit.Prepared prepare(HunyuanDit.Conditions conditions) {
        return embedding.conditions(conditions, conditions.states().size(0)).known(blocks);
    }

    /// The same as [#forward(Tensor, Tensor, Tensor, HunyuanDit.Conditions, double)] with what
    /// [#prepare] gave, for the calls of a run.
    public List<Tensor> forward(
            Tensor x, Tensor control, Tensor t, HunyuanDit.Prepared conditions, double scale) {
        Shapes.require(control, "control", x.size(0), x.size(1), x.size(2), x.size(3));
        try (var scope = TensorScope.open()) {
            HunyuanDit.Hidden h = embedding.forward(x, t, conditions);
            Tensor tokens = h.x().add(input.forward(embedding.tokens(control))); // [B, N, D]
            var residuals = new ArrayList<Tensor>();
            for (int i = 0; i < blocks.size(); i++) {
                tokens = blocks.get(i).forward(i, tokens, h, null); // [B, N, D]
                residuals.add(Ops.mul(outputs.get(i).forward(tokens), scale)); // [B, N, D]
            }
            residuals.forEach(scope::promote);
            return residuals;
        }
    }

    @Override
    public void close() {
        parameters.close();
    }
}
