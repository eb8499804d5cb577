package org.dit4j.text;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;

/// A BERT encoder in ONNX Runtime, on the CPU.
///
/// Every text runs by itself, so its states are the same bits in whatever company it is encoded.
public final class OnnxTextEncoder implements TextEncoder {
    private final TextModel model;
    private final int maxTokens;
    private final BertTokenizer tokenizer;
    private final OnnxBert bert;

    /// Held for reading while texts are encoded and for writing while the network is freed.
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    private OnnxTextEncoder(
            TextModel model, int maxTokens, BertTokenizer tokenizer, OnnxBert bert) {
        this.model = model;
        this.maxTokens = maxTokens;
        this.tokenizer = tokenizer;
        this.bert = bert;
    }

    /// Opens an encoder from the class path.
    ///
    /// @throws TextException if its jar is missing, or the machine has no ONNX Runtime
    public static OnnxTextEncoder open(TextModel model, TextOptions options) {
        // two native libraries load; in this order two models that open at once do not wait for
        // the same one
        if (model == TextModel.BGE_SMALL_ZH) {
            var tokenizer = new BertTokenizer(model);
            try {
                return new OnnxTextEncoder(
                        model, options.maxTokens(), tokenizer, new OnnxBert(model, options));
            } catch (TextException e) {
                tokenizer.close();
                throw e;
            }
        }
        var bert = new OnnxBert(model, options);
        try {
            return new OnnxTextEncoder(model, options.maxTokens(), new BertTokenizer(model), bert);
        } catch (TextException e) {
            bert.close();
            throw e;
        }
    }

    @Override
    public TextStates encodeWeighted(List<WeightedText> texts) {
        ConfigException.require(!texts.isEmpty(), "there must be a text to encode");
        use.readLock().lock();
        try {
            if (closed) {
                throw new TextException(model.id() + " is closed");
            }
            List<BertTokens> tokens =
                    texts.stream().map(t -> tokenizer.encode(t.text(), maxTokens)).toList();
            return states(texts, tokens);
        } finally {
            use.readLock().unlock();
        }
    }

    private TextStates states(List<WeightedText> texts, List<BertTokens> tokens) {
        int b = texts.size();
        int l = tokens.stream().mapToInt(t -> t.ids().length).max().orElseThrow();
        int d = model.width();
        Tensor states = Tensors.zeros(Dtype.FLOAT32, b, l, d);
        Tensor pooled = Tensors.zeros(Dtype.FLOAT32, b, d);
        var mask = new float[b * l];
        for (int i = 0; i < b; i++) {
            BertTokens text = tokens.get(i);
            float[] values = bert.states(text.ids());
            MemorySegment row = MemorySegment.ofArray(values);
            long bytes = (long) d * Float.BYTES;
            Tensors.data(pooled).asSlice(i * bytes, bytes).copyFrom(row.asSlice(0, bytes));
            if (!texts.get(i).spans().isEmpty()) {
                TokenWeights.apply(text.weights(texts.get(i)), values);
            }
            Tensors.data(states).asSlice((long) i * l * bytes, row.byteSize()).copyFrom(row);
            java.util.Arrays.fill(mask, i * l, i * l + text.ids().length, 1);
        }
        return new TextStates(states, Tensors.of(mask, b, l), pooled, truncated(tokens));
    }

    private static List<Truncation> truncated(List<BertTokens> tokens) {
        var truncated = new ArrayList<Truncation>();
        for (int i = 0; i < tokens.size(); i++) {
            BertTokens t = tokens.get(i);
            if (t.given() > t.ids().length) {
                truncated.add(new Truncation(i, t.given(), t.ids().length));
            }
        }
        return truncated;
    }

    /// Returns which encoder this is.
    public TextModel model() {
        return model;
    }

    @Override
    public int width() {
        return model.width();
    }

    @Override
    public int maxTokens() {
        return maxTokens;
    }

    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                bert.close();
                tokenizer.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }
}
