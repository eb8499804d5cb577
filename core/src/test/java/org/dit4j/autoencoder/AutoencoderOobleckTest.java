package org.dit4j.autoencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class AutoencoderOobleckTest {
    private static final Path FOLDER = Path.of("..", "conformance", "cases", "vae", "oobleck");

    /// 156 million in arXiv:2407.14358, section 3.1.
    @Test
    void publishedNetworkHasItsParameters() {
        var config =
                new AutoencoderOobleck.Config(
                        128, List.of(2, 4, 4, 8, 8), List.of(1, 2, 4, 8, 16), 128, 64, 2, 44_100);
        try (var vae = new AutoencoderOobleck(ParameterSource.counting(), config)) {
            assertThat(vae.parameters().count() / 1e6).isCloseTo(156, within(0.5));
            assertThat(vae.downsampling()).isEqualTo(2048);
        }
    }

    /// Windows that overlap by more than the network sees are what the whole sound gives.
    @Test
    void windowsThatOverlapEnoughChangeNothing() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var vae = AutoencoderOobleck.load(FOLDER, LoadOptions.inference())) {
            Tensor x = Ops.mul(rng.normal(1, 2, 32 * 90), 0.1);
            Tiling tiling = Tiling.of(Tiling.Axis.trimmed(32 * 60, 32 * 22, 60, 22));
            Tensor z = vae.encode(x);
            assertThat(Shapes.of(z)).containsExactly(1, 4, 90);
            assertThat(Ops.maxAbsDifference(vae.encode(x, tiling), z)).isLessThan(1e-3);
            Tensor whole = vae.decode(z);
            assertThat(Shapes.of(whole)).isEqualTo(Shapes.of(x));
            double scale = Ops.item(whole.abs().max());
            assertThat(Ops.maxAbsDifference(vae.decode(z, tiling), whole)).isLessThan(1e-4 * scale);
            Tiling none = Tiling.of(Tiling.Axis.trimmed(32 * 60, 0, 60, 0));
            assertThat(Ops.maxAbsDifference(vae.decode(z, none), whole))
                    .isGreaterThan(1e-3 * scale);
        }
    }

    /// By hand: mean 0.5 and 2, deviations log(1 + e^0) + 1e-4 and log(1 + e^1) + 1e-4.
    @Test
    void posteriorIsThatOfItsMoments() {
        try (var _ = TensorScope.open()) {
            Tensor moments = Tensors.of(new float[] {0.5f, 2, 0, 1}, 1, 4, 1);
            AudioPosterior q = AudioPosterior.of(moments);
            double a = Math.log(2) + 1e-4;
            double b = Math.log(1 + Math.E) + 1e-4;
            assertThat(Tensors.doubles(q.std())).containsExactly(new double[] {a, b}, within(1e-6));
            double kl = 0.25 + a * a - 2 * Math.log(a) - 1 + 4 + b * b - 2 * Math.log(b) - 1;
            assertThat(Ops.item(q.kl())).isCloseTo(kl, within(1e-5));
            Tensor extreme = AudioPosterior.of(Tensors.of(new float[] {0, 200}, 1, 2, 1)).std();
            assertThat(Ops.item(extreme)).isCloseTo(200, within(1e-3));
        }
    }

    @Test
    void passesLeaveNothingBehind() {
        try (var rng = Rng.seeded(1);
                var vae = AutoencoderOobleck.load(FOLDER, LoadOptions.inference())) {
            long before = 0;
            for (int i = 0; i < 10; i++) {
                try (var _ = TensorScope.open()) {
                    vae.decode(vae.encode(rng.normal(1, 2, 320)));
                }
                if (i == 4) {
                    before = Pointer.totalCount();
                }
            }
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void tooShortASoundIsOneClearLine() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var vae = AutoencoderOobleck.load(FOLDER, LoadOptions.inference())) {
            assertThatThrownBy(() -> vae.encode(rng.normal(1, 2, 31)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("a sound must have at least 32 samples but has 31");
        }
    }
}
