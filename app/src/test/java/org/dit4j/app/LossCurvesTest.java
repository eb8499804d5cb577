package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossCurvesTest {
    @TempDir Path run;

    @Test
    void drawsTheLossAndTheLossByNoiseLevel() throws IOException {
        Files.write(
                run.resolve("metrics.jsonl"),
                List.of(
                        "{\"step\":10,\"loss\":1.0,\"loss_t00\":0.9,\"learning_rate\":1e-3}",
                        "{\"step\":20,\"loss\":0.1,\"loss_t00\":null,\"learning_rate\":1e-3}",
                        "{\"step\":30,\"loss\":0.2,\"loss_t00\":0.3,\"learning_rate\":1e-3}"));
        LossCurves.write(run);
        Picture picture = PictureFile.read(run.resolve("curves.png"));
        assertThat(picture.width()).isEqualTo(1120);
        assertThat(coloured(picture, 0)).isPositive();
        assertThat(coloured(picture, 560)).isPositive();
    }

    @Test
    void drawsNothingBeforeThereAreTwoPoints() throws IOException {
        LossCurves.write(run);
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":10,\"loss\":1.0}\n");
        LossCurves.write(run);
        assertThat(run.resolve("curves.png")).doesNotExist();
    }

    /// Counts the pixels of a curve, which is not grey, in the half that starts at `left`.
    private static long coloured(Picture p, int left) {
        long count = 0;
        for (int y = 0; y < p.height(); y++) {
            for (int x = left; x < left + 560; x++) {
                count += Math.abs(p.value(x, y, 0) - p.value(x, y, 2)) > 60 ? 1 : 0;
            }
        }
        return count;
    }
}
