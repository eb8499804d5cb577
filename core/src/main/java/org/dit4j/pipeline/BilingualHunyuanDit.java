package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.model.HunyuanDitConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.TextModel;

/// A [HunyuanDit] between the two encoders: their states stand side by side, and the network pools
/// one of them.
///
/// @param network the network
public record BilingualHunyuanDit(HunyuanDit network) implements BilingualNetwork {
    /// Checks that the network takes what the encoders give.
    public BilingualHunyuanDit {
        HunyuanDit.Text text = network.config().text();
        ConfigException.require(
                text.width() == TextModel.BGE_SMALL_ZH.width()
                        && text.secondWidth() == TextModel.BGE_SMALL_EN.width()
                        && text.length() == text.secondLength(),
                "the network must take states of %d and %d numbers and as many tokens of each, but takes %d x %d and %d x %d",
                TextModel.BGE_SMALL_ZH.width(),
                TextModel.BGE_SMALL_EN.width(),
                text.length(),
                text.width(),
                text.secondLength(),
                text.secondWidth());
        ConfigException.require(
                !network.config().sizeAndStyle(),
                "a network with size and style conditions has another pipeline");
    }

    static BilingualHunyuanDit of(HunyuanDit.Config config, ParameterSource source) {
        return checked(new HunyuanDit(source, config));
    }

    static BilingualHunyuanDit load(Path folder, HunyuanDit.Config config, LoadOptions options) {
        try (var checkpoint = HunyuanDitCheckpoint.open(folder)) {
            return checked(checkpoint.with(config).load(options));
        }
    }

    private static BilingualHunyuanDit checked(HunyuanDit network) {
        try {
            return new BilingualHunyuanDit(network);
        } catch (ConfigException e) {
            network.close();
            throw e;
        }
    }

    @Override
    public Tensor forward(Tensor x, Tensor t, BilingualStates texts) {
        return network.forward(x, t, conditions(texts));
    }

    private HunyuanDit.Conditions conditions(BilingualStates texts) {
        return new HunyuanDit.Conditions(
                Ops.to(texts.zh().states(), dtype()),
                texts.zh().mask(),
                Ops.to(texts.en().states(), dtype()),
                texts.en().mask(),
                Optional.empty());
    }

    @Override
    public PromptedNetwork.Prepared prepare(BilingualStates texts, List<Float> times) {
        int count = (int) texts.zh().states().size(0);
        HunyuanDit.Prepared all = Batches.once(() -> network.prepare(conditions(texts)));
        return shown -> {
            var own = Batches.of(all, count, shown, HunyuanDit.Prepared::rows);
            return (x, t) ->
                    Ops.to(network.forward(Ops.to(x, dtype()), t, own, List.of()), Dtype.FLOAT32);
        };
    }

    @Override
    public int textLength() {
        return network.config().text().length();
    }

    @Override
    public int inputSize() {
        return network.config().inputSize();
    }

    @Override
    public int inChannels() {
        return network.config().inChannels();
    }

    @Override
    public boolean learnSigma() {
        return network.config().learnSigma();
    }

    @Override
    public Dtype dtype() {
        return network.dtype();
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public Object json() {
        return HunyuanDitConfigs.json(network.config());
    }
}
