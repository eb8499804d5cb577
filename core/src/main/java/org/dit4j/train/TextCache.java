package org.dit4j.train;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.HunyuanDit;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.FrozenEncoders;
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
        /// Returns `[B, length, width]` float32, 0 where a text has ended, and its mask.
        Tensor[] take(int[] texts) {
            var states = Tensors.zeros(Dtype.FLOAT32, texts.length, length, all.size(1));
            var mask = Tensors.zeros(Dtype.FLOAT32, texts.length, length);
            for (int i = 0; i < texts.length; i++) {
                long from = starts[texts[i]];
                long n = starts[texts[i] + 1] - from;
                states.select(0, i).narrow(0, 0, n).copy_(all.narrow(0, from, n));
                Ops.fill_(mask.select(0, i).narrow(0, 0, n), 1);
            }
            return new Tensor[] {states, mask};
        }
    }

    private final StateDict file;
    private final Encoded zh;
    private final Encoded en;

    private TextCache(StateDict file, HunyuanDit.Text shape) {
        this.file = file;
        zh = encoded("zh", shape.length());
        en = encoded("en", shape.secondLength());
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
    /// @param shape of the texts, as the network takes them
    static TextCache open(
            Path folder,
            FrozenEncoders encoders,
            HunyuanDit.Text shape,
            List<String> texts,
            TrainingListener listener) {
        Path path = folder.resolve("text-" + fingerprint(shape, texts) + ".safetensors");
        if (!Files.exists(path)) {
            try (var _ = TensorScope.open()) {
                Safetensors.write(path, encode(encoders, texts, listener), Map.of());
            }
            listener.wrote("text states", path);
        }
        return new TextCache(Safetensors.open(path), shape);
    }

    private static Map<String, Tensor> encode(
            FrozenEncoders encoders, List<String> texts, TrainingListener listener) {
        var zh = new Rows();
        var en = new Rows();
        for (int from = 0; from < texts.size(); from += BATCH) {
            List<String> batch = texts.subList(from, Math.min(texts.size(), from + BATCH));
            try (var scope = TensorScope.open()) {
                BilingualStates both =
                        new BilingualStates(
                                encoders.encoder(TextModel.BGE_SMALL_ZH).encode(batch),
                                encoders.encoder(TextModel.BGE_SMALL_EN).encode(batch));
                zh.add(both.zh(), scope);
                en.add(both.en(), scope);
            }
            listener.prepared("encoding captions", from + batch.size(), texts.size());
        }
        var all = new LinkedHashMap<String, Tensor>();
        zh.putInto(all, "zh");
        en.putInto(all, "en");
        return all;
    }

    /// The tokens of texts, one after the other.
    private static final class Rows {
        private final List<Tensor> states = new ArrayList<>();
        private final List<Long> starts = new ArrayList<>(List.of(0L));

        void add(TextStates texts, TensorScope scope) {
            var tokens = new ArrayList<Tensor>();
            double[] lengths = Tensors.doubles(Ops.sum(texts.mask(), false, 1));
            for (int i = 0; i < lengths.length; i++) {
                long n = (long) lengths[i];
                tokens.add(texts.states().select(0, i).narrow(0, 0, n));
                starts.add(starts.getLast() + n);
            }
            Tensor joined = Ops.cat(0, tokens.toArray(Tensor[]::new));
            states.add(scope.promote(Ops.to(joined, Dtype.BFLOAT16)));
        }

        void putInto(Map<String, Tensor> all, String language) {
            long[] numbers = starts.stream().mapToLong(Long::longValue).toArray();
            all.put(language + ".states", Ops.cat(0, states.toArray(Tensor[]::new)));
            all.put(language + ".starts", Tensors.of(numbers, numbers.length));
        }
    }

    private static String fingerprint(HunyuanDit.Text shape, List<String> texts) {
        try {
            var hash = MessageDigest.getInstance("SHA-256");
            String about =
                    "%s %s %d"
                            .formatted(
                                    TextModel.BGE_SMALL_ZH.id(),
                                    TextModel.BGE_SMALL_EN.id(),
                                    shape.length());
            hash.update(about.getBytes(StandardCharsets.UTF_8));
            for (String text : texts) {
                hash.update((text.length() + ":" + text).getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(hash.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// Returns the conditions of texts by their numbers.
    HunyuanDit.Conditions take(int[] texts) {
        Tensor[] first = zh.take(texts);
        Tensor[] second = en.take(texts);
        return new HunyuanDit.Conditions(
                first[0], first[1], second[0], second[1], Optional.empty());
    }

    @Override
    public void close() {
        zh.all.close();
        en.all.close();
        file.close();
    }
}
