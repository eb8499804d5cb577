package org.dit4j.train;

import java.lang.foreign.MemorySegment;
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
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The latents of all pictures of a run, on disk and mapped into memory: the autoencoder runs once
/// for all runs with the same pictures.
///
/// A file holds the posterior of each picture, `mean` and `std` `[N, C, h, w]`, shifted and scaled
/// as the diffusion model wants them, and those of the mirrored pictures. Its name is a fingerprint
/// of the pictures and of the autoencoder, so a change of either makes another file.
final class LatentCache implements AutoCloseable {
    private static final int BATCH = 32;
    private static final long SLICE = 64 << 20;

    private final StateDict file;
    private final TrainingPictures pictures;
    private final List<Tensor> means = new ArrayList<>(); // as they are, mirrored
    private final List<Tensor> stds = new ArrayList<>();

    private LatentCache(StateDict file, TrainingPictures pictures) {
        this.file = file;
        this.pictures = pictures;
        for (String suffix : suffixes(pictures.flip())) {
            means.add(TensorScope.keep(file.tensor("mean" + suffix)));
            stds.add(TensorScope.keep(file.tensor("std" + suffix)));
        }
    }

    /// Opens the cache, and fills it if there is none for these pictures and this autoencoder.
    ///
    /// @param folder of all caches
    static LatentCache open(
            Path folder,
            AutoencoderKl autoencoder,
            TrainingPictures pictures,
            TrainingListener listener) {
        Path path = folder.resolve(fingerprint(autoencoder, pictures) + ".safetensors");
        if (!Files.exists(path)) {
            try (var _ = TensorScope.open()) {
                Safetensors.write(path, encode(autoencoder, pictures, listener), Map.of());
            }
            listener.wrote("latents", path);
        }
        return new LatentCache(Safetensors.open(path), pictures);
    }

    private static List<String> suffixes(boolean flip) {
        return flip ? List.of("", "_mirrored") : List.of("");
    }

    private static Map<String, Tensor> encode(
            AutoencoderKl autoencoder, TrainingPictures pictures, TrainingListener listener) {
        var all = new LinkedHashMap<String, Tensor>();
        int runs = pictures.flip() ? 2 : 1;
        for (String suffix : suffixes(pictures.flip())) {
            var mean = new ArrayList<Tensor>();
            var std = new ArrayList<Tensor>();
            for (int from = 0; from < pictures.size(); from += BATCH) {
                int[] batch = range(from, Math.min(pictures.size(), from + BATCH));
                Tensor both =
                        TensorScope.compute(() -> {
                            Tensor x = pictures.batch(batch);
                            Tensor own = suffix.isEmpty() ? x : x.flip(3);
                            Tensor there = Ops.to(own, autoencoder.device());
                            return Ops.on(moments(autoencoder, there), x);
                        });
                mean.add(both.select(0, 0));
                std.add(both.select(0, 1));
                long done = all.size() / 2L * pictures.size() + from + batch.length;
                listener.prepared("encoding pictures", done, (long) runs * pictures.size());
            }
            all.put("mean" + suffix, Ops.cat(0, mean.toArray(Tensor[]::new)));
            all.put("std" + suffix, Ops.cat(0, std.toArray(Tensor[]::new)));
        }
        return all;
    }

    /// Mean and standard deviation of the scaled latents, `[2, B, C, h, w]`. The scale is affine,
    /// so that of mean plus deviation, less that of the mean, is the deviation's.
    private static Tensor moments(AutoencoderKl autoencoder, Tensor x) {
        return Ops.noGrad(() -> {
            var scale = autoencoder.config().scale();
            var posterior = autoencoder.posterior(x);
            Tensor mean = scale.apply(posterior.mean());
            Tensor std = scale.apply(posterior.mean().add(posterior.std())).sub(mean);
            return Ops.stack(0, mean, std);
        });
    }

    private static int[] range(int from, int to) {
        var range = new int[to - from];
        for (int i = 0; i < range.length; i++) {
            range[i] = from + i;
        }
        return range;
    }

    private static String fingerprint(AutoencoderKl autoencoder, TrainingPictures pictures) {
        try {
            var hash = MessageDigest.getInstance("SHA-256");
            String about = autoencoder.config() + (pictures.flip() ? " with mirrored" : "");
            hash.update(about.getBytes(StandardCharsets.UTF_8));
            autoencoder.parameters().all().values().forEach(w -> update(hash, w));
            update(hash, pictures.bytes());
            return HexFormat.of().formatHex(hash.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static void update(MessageDigest hash, Tensor x) {
        try (var _ = TensorScope.open()) {
            MemorySegment data = Tensors.data(Ops.to(x.detach(), Device.CPU).contiguous());
            // a buffer holds at most 2 GB
            for (long at = 0; at < data.byteSize(); at += SLICE) {
                long n = Math.min(SLICE, data.byteSize() - at);
                hash.update(data.asSlice(at, n).asByteBuffer());
            }
        }
    }

    /// Returns the number of pictures.
    int size() {
        return pictures.size();
    }

    /// Returns how often each picture is seen, in proportion.
    double[] weights() {
        return pictures.weights();
    }

    /// Draws latents of pictures from their posteriors, mirrored or not at random if the run says
    /// so: first which are mirrored, then the noise.
    ///
    /// @return `[B, C, h, w]` float32
    Tensor latents(int[] examples, Rng rng) {
        var index = Tensors.of(longs(examples), examples.length);
        Tensor mean = means.getFirst().index_select(0, index);
        Tensor std = stds.getFirst().index_select(0, index);
        if (pictures.flip()) {
            Tensor mirrored = Ops.lessThan(rng.uniform(examples.length, 1, 1, 1), 0.5);
            mean = Ops.where(mirrored, means.getLast().index_select(0, index), mean);
            std = Ops.where(mirrored, stds.getLast().index_select(0, index), std);
        }
        Tensor noise = rng.normal(mean.size(0), mean.size(1), mean.size(2), mean.size(3));
        return mean.add(std.mul(noise));
    }

    /// Returns the classes of pictures, int64 `[B]`.
    Tensor labels(int[] examples) {
        var y = new long[examples.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = pictures.label(examples[i]);
        }
        return Tensors.of(y, y.length);
    }

    private static long[] longs(int[] values) {
        return java.util.Arrays.stream(values).asLongStream().toArray();
    }

    @Override
    public void close() {
        means.forEach(Tensor::close);
        stds.forEach(Tensor::close);
        file.close();
        pictures.close();
    }
}
