package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
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

        @Override
        public Prepared prepare(int texts) {
            return prepare(texts, List.of());
        }

        @Override
        public Prepared prepare(int texts, List<Float> times) {
            long[] numbers = LongStream.range(0, texts).toArray();
            return network.prepare(
                    new BilingualStates(zh, en).take(numbers).on(network.parameters().device()),
                    times);
        }

        @Override
        public List<String> remarks() {
            var remarks = new ArrayList<String>();
            zh.truncated().forEach(t -> remarks.add("for the Chinese encoder, " + t));
            en.truncated().forEach(t -> remarks.add("for the English encoder, " + t));
            return remarks;
        }
    }

    /// Patches that are not whole are filled up, so any size will do.
    @Override
    public Latents latents() {
        return new Latents(network.inChannels(), 1, network.inputSize());
    }

    @Override
    public boolean splits() {
        return network instanceof BilingualMmDit;
    }

    @Override
    public void close() {
        try (network;
                encoders) {
            return;
        }
    }
}
