package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.SplitDenoiser;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.TextModel;
import org.dit4j.text.TextStates;
import tools.jackson.databind.JsonNode;

/// An [MmDit] between the two encoders, joined as Stable Diffusion 3 joins its own (Esser et al.
/// 2024, arXiv:2403.03206, section 5.3.1): the narrower states are filled up with zeros, the tokens
/// stand one after the other without a mask, and the pooled vectors stand side by side.
///
/// @param network the network
/// @param textLength tokens of each encoder
public record BilingualMmDit(MmDit network, int textLength) implements BilingualNetwork {
    private static final String TEXT_LENGTH = "text_len";
    private static final int WIDTH = TextModel.BGE_SMALL_ZH.width();
    private static final int SECOND_WIDTH = TextModel.BGE_SMALL_EN.width();

    /// Checks that the network takes what the encoders give.
    public BilingualMmDit {
        MmDit.Config c = network.config();
        ConfigException.require(
                c.textWidth() == WIDTH && c.pooledWidth() == WIDTH + SECOND_WIDTH,
                "the network must have text_width %d and pooled_width %d but has %d and %d",
                WIDTH,
                WIDTH + SECOND_WIDTH,
                c.textWidth(),
                c.pooledWidth());
        ConfigException.require(
                textLength >= 2, "%s must be at least 2 but is %d", TEXT_LENGTH, textLength);
    }

    /// Returns whether a configuration is one of this kind of network.
    static boolean describes(JsonNode json) {
        return json.path("family").asString("").equals("mm-dit");
    }

    static BilingualMmDit of(JsonNode json, Object where, ParameterSource source) {
        return checked(new MmDit(source, MmDitConfigs.parse(json, where)), json);
    }

    static BilingualMmDit load(Path folder, JsonNode json, Object where, LoadOptions options) {
        MmDit.Config config = MmDitConfigs.parse(json, where);
        return checked(
                Checkpoints.load(
                        StateDict.open(folder), options, source -> new MmDit(source, config)),
                json);
    }

    private static BilingualMmDit checked(MmDit network, JsonNode json) {
        try {
            return new BilingualMmDit(network, json.path(TEXT_LENGTH).asInt(0));
        } catch (ConfigException e) {
            network.close();
            throw e;
        }
    }

    /// Texts of different lengths go through the network one length after the other: it has no
    /// mask, and knows padding only up to the length that it was trained with.
    @Override
    public Tensor forward(Tensor x, Tensor t, BilingualStates texts) {
        int[] lengths = lengths(texts);
        int[] distinct = Arrays.stream(lengths).distinct().sorted().toArray();
        if (distinct.length == 1) {
            return alike(x, t, joined(texts, distinct[0]));
        }
        Tensor all = Ops.like(Tensors.zeros(Dtype.FLOAT32, Shapes.of(x)), x);
        for (int length : distinct) {
            long[] rows =
                    IntStream.range(0, lengths.length)
                            .filter(i -> lengths[i] == length)
                            .mapToLong(i -> i)
                            .toArray();
            Joined own = joined(texts.take(rows), length);
            Tensor y = alike(Tensors.rows(x, rows), Tensors.rows(t, rows), own);
            all.index_copy_(0, Ops.on(Tensors.of(rows, rows.length), all), y);
        }
        return all;
    }

    /// Texts of one length can stop after the first block. If there are others among them, each
    /// batch is prepared at each call.
    @Override
    public PromptedNetwork.Prepared prepare(BilingualStates texts, List<Float> times) {
        int[] distinct = Arrays.stream(lengths(texts)).distinct().toArray();
        if (distinct.length > 1) {
            return shown -> mixed(texts.take(shown.stream().mapToLong(i -> i).toArray()));
        }
        Joined joined = joined(texts, distinct[0]);
        int count = (int) joined.states.size(0);
        MmDit.Prepared all =
                Batches.once(() -> network.prepare(joined.states, joined.pooled, times));
        return shown -> split(Batches.of(all, count, shown, MmDit.Prepared::rows));
    }

    private Denoiser mixed(BilingualStates texts) {
        int[] distinct = Arrays.stream(lengths(texts)).distinct().toArray();
        if (distinct.length > 1) {
            return (x, t) -> Ops.to(forward(Ops.to(x, dtype()), t, texts), Dtype.FLOAT32);
        }
        Joined joined = joined(texts, distinct[0]);
        return split(network.prepare(joined.states, joined.pooled));
    }

    private SplitDenoiser split(MmDit.Prepared texts) {
        return (x, t) ->
                network.split(Ops.to(x, dtype()), t, texts, MmDit.Changes.NONE)
                        .then(answer -> Ops.to(answer, Dtype.FLOAT32));
    }

    /// The length at which each text goes through the network.
    private int[] lengths(BilingualStates texts) {
        int n = (int) texts.zh().states().size(0);
        long longest = Math.max(texts.zh().states().size(1), texts.en().states().size(1));
        if (longest <= textLength) { // as in training
            return IntStream.generate(() -> textLength).limit(n).toArray();
        }
        double[] zh = Tensors.doubles(Ops.sum(texts.zh().mask(), false, 1));
        double[] en = Tensors.doubles(Ops.sum(texts.en().mask(), false, 1));
        return IntStream.range(0, n)
                .map(i -> (int) Math.max(textLength, Math.max(zh[i], en[i])))
                .toArray();
    }

    /// What the network takes of texts.
    private record Joined(Tensor states, Tensor pooled) {}

    private Joined joined(BilingualStates texts, int length) {
        Tensor zh = cut(texts.zh(), length); // [B, L, E]
        Tensor en = cut(texts.en(), length); // [B, L, E2]
        Tensor fill =
                Ops.like(
                        Tensors.zeros(Dtype.FLOAT32, en.size(0), length, WIDTH - SECOND_WIDTH), en);
        Tensor states = Ops.cat(1, zh, Ops.cat(2, en, fill)); // [B, 2 L, E]
        Tensor pooled = Ops.cat(1, texts.zh().pooled(), texts.en().pooled()); // [B, E + E2]
        return new Joined(Ops.to(states, dtype()), Ops.to(pooled, dtype()));
    }

    private Tensor alike(Tensor x, Tensor t, Joined texts) {
        return network.forward(x, t, texts.states, texts.pooled);
    }

    /// Each encoder cuts a text into another number of tokens.
    private static Tensor cut(TextStates texts, int length) {
        int most = (int) Math.max(length, texts.states().size(1));
        return texts.padTo(most).states().narrow(1, 0, length);
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
        return false;
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
        Map<String, Object> json = new LinkedHashMap<>(MmDitConfigs.json(network.config()));
        json.put(TEXT_LENGTH, textLength);
        return json;
    }
}
