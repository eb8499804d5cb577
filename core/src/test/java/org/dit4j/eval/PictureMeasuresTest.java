package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class PictureMeasuresTest {
    @Test
    void nearestOfPointsOnALine() {
        try (var _ = TensorScope.open()) {
            Tensor training = Tensors.of(new float[] {0, 10, 20, 30}, 4, 1);
            Tensor pictures = Tensors.of(new float[] {21, 0, 26, 9}, 4, 1);
            Nearest nearest = Nearest.of(training, pictures);
            assertThat(nearest.index()).containsExactly(2, 0, 3, 1);
            assertThat(nearest.distance()).containsExactly(1, 0, 4, 1);
            assertThat(nearest.order()).containsExactly(1, 0, 3, 2);
            assertThat(nearest.quantile(0)).isZero();
            assertThat(nearest.quantile(1)).isEqualTo(4);
            assertThat(nearest.shareBelow(1.5)).isEqualTo(0.75);
        }
    }

    /// More training pictures than one block holds.
    @Test
    void nearestAmongManyIsThePictureItself() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor training = rng.integers(256, 2500, 12);
            Tensor bytes = Ops.to(training, Dtype.UINT8);
            Tensor some = bytes.index_select(0, Tensors.of(new long[] {2400, 3, 1500}, 3));
            Nearest nearest = Nearest.of(bytes, some);
            assertThat(nearest.index()).containsExactly(2400, 3, 1500);
            assertThat(nearest.distance()).containsOnly(0);
        }
    }

    /// An error of 1 % of the range everywhere is 40 dB; what exceeds the range counts as its end.
    @Test
    void psnrOfAConstantError() {
        try (var _ = TensorScope.open()) {
            Tensor x = Tensors.full(1 - 0.02, Dtype.FLOAT32, 2, 3, 4, 4);
            float[] psnr = Tensors.floats(Psnr.of(x, Ops.add(x, 5)));
            assertThat(psnr[0]).isCloseTo(40, within(1e-3f));
            assertThat(psnr[1]).isEqualTo(psnr[0]);
        }
    }

    @Test
    void picturesBecomeNumbersFromMinusOneToOne() {
        try (var _ = TensorScope.open()) {
            Picture p = Picture.of(2, 1, new byte[] {0, -1, 51, -1, -1, -1});
            Tensor x = Features.tensor(List.of(p));
            assertThat(Tensors.floats(x))
                    .containsExactly(new float[] {-1, 1, 1, 1, -0.6f, 1}, within(1e-6f));
        }
    }

    @Test
    void featuresOfPicturesDoNotDependOnTheirNeighbours() {
        var config = new PictureClassifier.Config(8, 16, List.of("a", "b"));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var network = PictureClassifier.initialise(config, rng)) {
            Picture small = Picture.of(16, 16, noise(1, 16));
            Picture large = Picture.of(32, 32, noise(2, 32));
            Tensor all = Features.of(network, List.of(small, large, small, small));
            Tensor one = Features.of(network, List.of(small));
            assertThat(Ops.maxAbsDifference(all.select(0, 3), one.select(0, 0))).isLessThan(1e-5);
            assertThat(all.size(0)).isEqualTo(4);
        }
    }

    @Test
    void distancesOfTheSamePicturesAreZero() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor x = rng.normal(60, 5);
            PictureDistances d = PictureDistances.between(x, x, 3);
            assertThat(d.frechetDistance()).isCloseTo(0, within(1e-9));
            assertThat(d.precision()).isEqualTo(1);
            assertThat(d.recall()).isEqualTo(1);
            assertThat(PictureDistances.between(x, x, 3)).isEqualTo(d);
            assertThatThrownBy(() -> PictureDistances.between(x, x.narrow(0, 0, 3), 3))
                    .isInstanceOf(ConfigException.class);
        }
    }

    private static byte[] noise(int seed, int side) {
        var bytes = new byte[3 * side * side];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 2654435761L * seed >>> 13);
        }
        return bytes;
    }
}
