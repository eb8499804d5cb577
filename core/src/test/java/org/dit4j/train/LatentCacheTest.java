package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LatentCacheTest {
    private static final int COUNT = 35; // more than a batch

    @TempDir Path folder;
    private final List<String> written = new ArrayList<>();
    private final TrainingListener listener =
            new TrainingListener() {
                @Override
                public void step(long step, long steps, double loss, double examplesPerSecond) {}

                @Override
                public void wrote(String what, Path file) {
                    written.add(what);
                }
            };

    @BeforeEach
    void makePictures() {
        for (int i = 0; i < COUNT; i++) {
            picture(i);
        }
    }

    private void picture(int i) {
        var rgb = new byte[3 * 16 * 16];
        new Random(i).nextBytes(rgb);
        String name = "data/%s/%02d.png".formatted(i % 2 == 0 ? "even" : "odd", i);
        PictureFile.write(folder.resolve(name), Picture.of(16, 16, rgb));
    }

    @Test
    void aDrawIsOneFromThePosteriorOfThePictureOrOfItsMirrorImage() {
        try (var _ = TensorScope.open();
                var kl = autoencoder(1);
                var cache = open(kl, true);
                var rng = Rng.seeded(5);
                var same = Rng.seeded(5)) {
            int[] examples = {34, 0, 3, 20};
            Tensor z = cache.latents(examples, rng);
            Tensor mirrored = same.uniform(4, 1, 1, 1).lt(Tensors.scalar(0.5));
            Tensor noise = same.normal(4, 4, 8, 8);
            Tensor x = pictures(true).batch(examples);
            Tensor wanted =
                    Ops.noGrad(() -> {
                        var q = kl.posterior(Ops.where(mirrored, x.flip(3), x));
                        return kl.config().scale().apply(q.sample(noise));
                    });
            assertThat(Ops.item(mirrored.sum())).isBetween(1.0, 3.0);
            assertThat(Ops.maxAbsDifference(z, wanted)).isLessThan(1e-4);
            assertThat(Tensors.longs(cache.labels(examples))).containsExactly(1, 0, 0, 1);
        }
    }

    @Test
    void theAutoencoderRunsOnceForTheSamePicturesAndWeights() throws IOException {
        try (var _ = TensorScope.open();
                var kl = autoencoder(1);
                var other = autoencoder(2)) {
            open(kl, false).close();
            open(kl, false).close();
            assertThat(written).hasSize(1);
            open(other, false).close();
            assertThat(written).as("after other weights").hasSize(2);
            open(kl, true).close();
            assertThat(written).as("with mirrored pictures").hasSize(3);
            picture(COUNT);
            open(kl, false).close();
            assertThat(written).as("after another picture").hasSize(4);
        }
        try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
            assertThat(files).hasSize(4);
        }
    }

    private LatentCache open(AutoencoderKl kl, boolean flip) {
        return LatentCache.open(folder.resolve("cache"), kl, pictures(flip), listener);
    }

    private TrainingPictures pictures(boolean flip) {
        var data = new RunConfig.Pictures(folder.resolve("data").toString(), 16, flip, 0, 0);
        return TrainingPictures.read(data, listener);
    }

    private static AutoencoderKl autoencoder(long seed) {
        try (var rng = Rng.seeded(seed)) {
            return AutoencoderKl.initialise(
                    AutoencoderKl.Config.of(
                            List.of(8, 16), 1, 4, 4, true, 16, LatentScale.of(0.5, 0.25)),
                    rng);
        }
    }
}
