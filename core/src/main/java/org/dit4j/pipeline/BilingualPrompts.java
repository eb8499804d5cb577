package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.FrozenEncoders;
import org.dit4j.text.TextOptions;
import org.dit4j.text.TextStates;

/// Prompts in Chinese and English, in the way of Hunyuan-DiT (Li et al. 2024, arXiv:2405.08748):
/// two frozen text encoders and a network that takes the states of both.
///
/// Prompts may hold weights, `a (red:1.3) heart`; the negative prompt takes the place of the empty
/// text, with which the network was trained to go without a prompt.
///
/// @param network predicts
/// @param encoders encode the prompts
public record BilingualPrompts(BilingualNetwork network, FrozenEncoders encoders)
        implements PromptedNetwork {
    /// The options of the encoders: all the tokens that they can take.
    public static final TextOptions ENCODERS =
            TextOptions.defaults().withMaxTokens(TextOptions.MOST_TOKENS);

    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        BilingualStates states = encoders.encode(texts);
        return new Encoded(padded(states.zh()), padded(states.en()));
    }

    /// Every text at the length that the network was trained with, or at that of the longest if
    /// that is more; the rest is padding.
    private TextStates padded(TextStates texts) {
        return texts.padTo((int) Math.max(network.textLength(), texts.states().size(1)));
    }

    private final class Encoded implements Prompts {
        private final TextStates zh;
        private final TextStates en;

        Encoded(TextStates zh, TextStates en) {
            this.zh = zh;
            this.en = en;
        }

        /// The network in its own precision, the sampler in float32.
        @Override
        public Denoiser of(List<Integer> texts) {
            long[] numbers = texts.stream().mapToLong(Integer::longValue).toArray();
            var states =
                    new BilingualStates(zh.take(numbers), en.take(numbers))
                            .on(network.parameters().device());
            return (x, t) -> {
                Tensor y = network.forward(Ops.to(x, network.dtype()), t, states);
                return Ops.to(y, Dtype.FLOAT32);
            };
        }

        @Override
        public List<String> remarks() {
            var remarks = new ArrayList<String>();
            zh.truncated().forEach(t -> remarks.add("for the Chinese encoder, " + t));
            en.truncated().forEach(t -> remarks.add("for the English encoder, " + t));
            return remarks;
        }
    }

    @Override
    public int inChannels() {
        return network.inChannels();
    }

    /// Patches that are not whole are filled up.
    @Override
    public int unit() {
        return 1;
    }

    @Override
    public int inputSize() {
        return network.inputSize();
    }

    @Override
    public void close() {
        try (network;
                encoders) {
            return;
        }
    }
}
