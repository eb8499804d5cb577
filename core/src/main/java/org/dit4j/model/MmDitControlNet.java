package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// A ControlNet of [MmDit] (Zhang et al. 2023, arXiv:2302.05543; diffusers,
/// `controlnets/controlnet_sd3.py`): the first blocks of the network once more, which also see the
/// latents of a control picture and of which each gives a residual.
///
/// Parameter names are those of [MmDit], and those of diffusers for what only this network has.
/// Thread-safe: parameters are only read.
public final class MmDitControlNet implements AutoCloseable {
    /// The numbers of a network.
    ///
    /// @param base those that it has in common with the network that it steers; depth is its own
    /// @param extraChannels of the control beyond those of the latents, such as a mask
    /// @param zeroPooled whether the published pipeline gives it zeros for the pooled text, and
    ///   latents of the control picture that are scaled but not shifted
    public record Config(MmDit.Config base, int extraChannels, boolean zeroPooled) {
        /// Checks the number.
        public Config {
            ConfigException.require(
                    extraChannels >= 0,
                    "extra_conditioning_channels must be at least 0 but is %d",
                    extraChannels);
        }

        /// Returns the channels of the control.
        public int controlChannels() {
            return base.inChannels() + extraChannels;
        }
    }

    private final Config config;
    private final MmDitEmbedding embedding;
    private final PatchEmbed controlEmbedder;
    private final List<MmDitBlock> blocks = new ArrayList<>();
    private final List<Linear> outputs = new ArrayList<>();
    private final Parameters parameters;

    /// Builds the network from named parameters. Its outputs start at zero.
    public MmDitControlNet(ParameterSource source, Config config) {
        this.config = config;
        MmDit.Config base = config.base;
        int d = base.hiddenSize();
        embedding = MmDitEmbedding.of(source, base);
        controlEmbedder =
                PatchEmbed.of(
                        source.at("pos_embed_input"),
                        config.controlChannels(),
                        d,
                        base.patchSize());
        for (int i = 0; i < base.depth(); i++) {
            blocks.add(MmDitBlock.of(source.at("joint_blocks." + i), base, i, false));
            outputs.add(source.linear("controlnet_blocks." + i, d, d, Init.zeros()));
        }
        parameters = source.parameters();
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which all inputs must have.
    public Dtype dtype() {
        return Dtype.of(controlEmbedder.weight());
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Returns what is added to the tokens of the network that this one steers.
    ///
    /// @param x noisy latents `[B, C, H, W]`, which divide into patches
    /// @param control `[B, C + extraChannels, H, W]`
    /// @param t `[B]`, 0 to 1000
    /// @param text states `[B, L, E]`
    /// @param pooled pooled text `[B, P]`
    /// @param scale times which the residuals are given
    /// @return as many as there are blocks, each `[B, N, D]`, for [MmDit.Changes], in the caller's
    ///   scope
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    public List<Tensor> forward(
            Tensor x, Tensor control, Tensor t, Tensor text, Tensor pooled, double scale) {
        Shapes.require(
                control, "control", x.size(0), config.controlChannels(), x.size(2), x.size(3));
        try (var scope = TensorScope.open()) {
            MmDit.Hidden h = embedding.forward(x, t, embedding.text(text, pooled));
            Tensor seen = h.x().add(controlEmbedder.forward(control)); // [B, N, D]
            var tokens = new MmDitBlock.Tokens(h.text(), seen);
            var residuals = new ArrayList<Tensor>();
            for (int i = 0; i < blocks.size(); i++) {
                tokens = blocks.get(i).forward(tokens.text(), tokens.x(), h.c().c());
                residuals.add(Ops.mul(outputs.get(i).forward(tokens.x()), scale)); // [B, N, D]
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
