package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dit4j.tensor.ShapeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Bicubic and box are held to Pillow's own bytes by the reference case `training/center_crop`.
class ResamplingTest {
    @Test
    void aBoxOfTwoByTwoIsTheRoundedMean() {
        Picture p = gray(4, 2, 10, 20, 30, 41, 11, 20, 30, 40);
        Picture half = Resampling.BOX.resize(p, 2, 1);
        // rows first: (15, 36 from 35.5), (16 from 15.5, 35); then the mean of the two rows
        assertThat(half).isEqualTo(gray(2, 1, 16, 36));
    }

    @Test
    void bilinearEnlargementWeighsNeighboursByDistance() {
        Picture p = gray(2, 1, 0, 100);
        assertThat(Resampling.BILINEAR.resize(p, 4, 1)).isEqualTo(gray(4, 1, 0, 25, 75, 100));
    }

    @Test
    void lanczosReproducesTheSampledSinc() {
        Picture p = gray(8, 1, 0, 0, 0, 0, 200, 0, 0, 0);
        Picture twice = Resampling.LANCZOS.resize(p, 16, 1);
        // pixel 9 is a quarter of a pixel right of pixel 4, where six weights share the sum
        double sum = 0;
        for (int j = 2; j <= 7; j++) {
            sum += lanczos(j - 4.25);
        }
        assertThat(twice.value(9, 0, 0)).isEqualTo((int) Math.round(200 * lanczos(0.25) / sum));
    }

    @ParameterizedTest
    @EnumSource
    void aPlainPictureStaysPlain(Resampling filter) {
        Picture p = gray(5, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7);
        Picture q = filter.resize(p, 11, 2);
        for (int x = 0; x < 11; x++) {
            assertThat(q.value(x, 1, 2)).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theSameSizeIsTheSamePicture(Resampling filter) {
        Picture p = gray(2, 1, 3, 250);
        assertThat(filter.resize(p, 2, 1)).isSameAs(p);
    }

    @Test
    void aSizeOutOfBoundsIsRefused() {
        Picture p = gray(2, 1, 3, 250);
        assertThatThrownBy(() -> Resampling.BOX.resize(p, 0, 4))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("0 x 4");
    }

    private static double lanczos(double x) {
        double a = Math.PI * x;
        return Math.sin(a) / a * Math.sin(a / 3) / (a / 3);
    }

    static Picture gray(int width, int height, int... values) {
        var rgb = new byte[3 * values.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) values[i / 3];
        }
        return Picture.of(width, height, rgb);
    }
}
