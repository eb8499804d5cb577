package org.dit4j.train;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.pipeline.BilingualPrompts;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.FrozenEncoders;
import org.dit4j.text.TextEncoder;
import org.dit4j.text.TextModel;
import org.dit4j.text.TextStates;

/// The states of all captions of a run, on disk and mapped into memory: the encoders run once for
/// all runs with the same captions.
///
/// A file holds for both encoders the states of the tokens of all texts one after the other,
/// bfloat16, and where each text begins. Its name is a fingerprint of the texts and the encoders.
final class TextCache implements AutoCloseable {
    private static final int BATCH = 32;

    /// States of one encoder.
    ///
    /// @param all `[tokens of all texts, width]`
    /// @param starts where each text begins, and the end of the last
    /// @param length tokens that every text is padded to
    private record Encoded(Tensor all, long[] starts, int length) {
        /// Returns the states of texts, float32.
        TextStates take(int[] texts) {
            var states = Tensors.zeros(Dtype.FLOAT32, texts.length, length, all.size(1));
            var mask = Tensors.zeros(Dtype.FLOAT32, texts.length, length);
            for (int i = 0; i < texts.length; i++) {
                long from = starts[texts[i]];
                long n = starts[texts[i] + 1] - from;
                states.select(0, i).narrow(0, 0, n).copy_(all.narrow(0, from, n));
                Ops.fill_(mask.select(0, i).narrow(0, 0, n), 1);
            }
            return new TextStates(states, mask, states.select(1, 0), List.of());
        }
    }

    private final StateDict file;
    private final Encoded zh;
    private final Encoded en;

    private TextCache(StateDict file, int length) {
        this.file = file;
        zh = encoded("zh", length);
        en = encoded("en", length);
    }

    private Encoded encoded(String language, int length) {
        try (var _ = TensorScope.open()) {
            return new Encoded(
                    TensorScope.keep(file.tensor(language + ".states")),
                    Tensors.longs(file.tensor(language + ".starts")),
                    length);
        }
    }

    /// Opens the cache, and fills it if there is none for these texts.
    ///
    /// @param folder of all caches
    /// @param length tokens of each encoder that a text is padded to
    static TextCache open(Path folder, int length, List<String> texts, TrainingListener listener) {
        Path path = folder.resolve("text-" + fingerprint(length, texts) + ".safetensors");
        if (!Files.exists(path)) {
            var options = BilingualPrompts.ENCODERS.withMaxTokens(length);
            try (var _ = TensorScope.open();
                    var encoders = new FrozenEncoders(options)) {
                Safetensors.write(path, encode(encoders, texts, listener), Map.of());
            }
            listener.wrote("text states", path);
        }
        return new TextCache(Safetensors.open(path), length);
    }

    /// Encodes with both encoders at the same time.
    private static Map<String, Tensor> encode(
            FrozenEncoders encoders, List<String> texts, TrainingListener listener) {
        try (var threads = Executors.newFixedThreadPool(2)) {
            TextEncoder first = encoders.encoder(TextModel.BGE_SMALL_ZH);
            TextEncoder second = encoders.encoder(TextModel.BGE_SMALL_EN);
            var done = new AtomicInteger();
            IntConsumer report =
                    n ->
                            listener.prepared(
                                    "encoding captions", done.addAndGet(n) / 2, texts.size());
            Future<Tensor[]> zh = threads.submit(() -> encode(first, texts, report));
            Future<Tensor[]> en = threads.submit(() -> encode(second, texts, report));
            var all = new LinkedHashMap<String, Tensor>();
            putInto(all, "zh", result(zh));
            putInto(all, "en", result(en));
            return all;
        }
    }

    /// Returns the states of the tokens of each text. Texts of similar length go together, for
    /// those of a batch are padded to the longest.
    private static Tensor[] encode(TextEncoder encoder, List<String> texts, IntConsumer report) {
        int[] order =
                IntStream.range(0, texts.size())
                        .boxed()
                        .sorted(Comparator.comparingInt(i -> -texts.get(i).length()))
                        .mapToInt(Integer::intValue)
                        .toArray();
        var states = new Tensor[texts.size()];
        for (int from = 0; from < order.length; from += BATCH) {
            int[] batch = Arrays.copyOfRange(order, from, Math.min(order.length, from + BATCH));
            try (var _ = TensorScope.open()) {
                TextStates encoded =
                        encoder.encode(Arrays.stream(batch).mapToObj(texts::get).toList());
                double[] lengths = Tensors.doubles(Ops.sum(encoded.mask(), false, 1));
                for (int i = 0; i < batch.length; i++) {
                    Tensor own = encoded.states().select(0, i).narrow(0, 0, (long) lengths[i]);
                    states[batch[i]] = TensorScope.keep(Ops.to(own, Dtype.BFLOAT16));
                }
            }
            report.accept(batch.length);
        }
        return states;
    }

    private static Tensor[] result(Future<Tensor[]> states) {
        try {
            return states.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while captions were encoded", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException("captions could not be encoded", e);
        }
    }

    /// Puts the tokens of all texts, one after the other, into the tensors of a file.
    private static void putInto(Map<String, Tensor> all, String language, Tensor[] states) {
        var starts = new long[states.length + 1];
        for (int i = 0; i < states.length; i++) {
            starts[i + 1] = starts[i] + states[i].size(0);
        }
        all.put(language + ".states", Ops.cat(0, states));
        all.put(language + ".starts", Tensors.of(starts, starts.length));
        Arrays.stream(states).forEach(Tensor::close);
    }

    private static String fingerprint(int length, List<String> texts) {
        try {
            var hash = MessageDigest.getInstance("SHA-256");
            String about =
                    "%s %s %d"
                            .formatted(
                                    TextModel.BGE_SMALL_ZH.id(),
                                    TextModel.BGE_SMALL_EN.id(),
                                    length);
            hash.update(about.getBytes(StandardCharsets.UTF_8));
            for (String text : texts) {
                hash.update((text.length() + ":" + text).getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(hash.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// Returns the states of texts by their numbers.
    BilingualStates take(int[] texts) {
        return new BilingualStates(zh.take(texts), en.take(texts));
    }

    @Override
    public void close() {
        zh.all.close();
        en.all.close();
        file.close();
    }
}
