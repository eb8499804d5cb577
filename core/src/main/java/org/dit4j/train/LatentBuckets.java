package org.dit4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The latents of the same pictures in several sizes: each batch takes one of them at random, for
/// all pictures of a batch need the same shape.
///
/// @param caches the usual size, then the buckets
/// @param buckets the further sizes
record LatentBuckets(List<LatentCache> caches, List<RunConfig.Bucket> buckets)
        implements AutoCloseable {
    /// Opens the caches of all sizes, and fills those that are not there.
    static LatentBuckets open(
            Path folder,
            AutoencoderKl autoencoder,
            TrainingPictures pictures,
            RunConfig.TextRun run,
            TrainingListener listener) {
        var caches = new ArrayList<LatentCache>();
        caches.add(LatentCache.open(folder, autoencoder, pictures, listener));
        for (RunConfig.Bucket bucket : run.buckets()) {
            var sized = TrainingPictures.read(run.data(), bucket, listener);
            caches.add(LatentCache.open(folder, autoencoder, sized, listener));
        }
        return new LatentBuckets(List.copyOf(caches), run.buckets());
    }

    /// Returns the number of pictures.
    int size() {
        return caches.getFirst().size();
    }

    /// Returns how often each picture is seen, in proportion.
    double[] weights() {
        return caches.getFirst().weights();
    }

    /// Draws the size if there are several, then latents as [LatentCache#latents].
    Tensor latents(int[] examples, Rng rng) {
        return caches.get(buckets.isEmpty() ? 0 : draw(rng)).latents(examples, rng);
    }

    private int draw(Rng rng) {
        double left;
        try (var _ = TensorScope.open()) {
            left = Tensors.doubles(rng.uniform(1))[0];
        }
        for (int i = 0; i < buckets.size(); i++) {
            left -= buckets.get(i).share();
            if (left < 0) {
                return i + 1;
            }
        }
        return 0;
    }

    @Override
    public void close() {
        caches.forEach(LatentCache::close);
    }
}
