package org.dit4j.autoencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Activation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VideoAutoencoderTest {
    private static final Path CASES = Path.of("..", "conformance", "cases", "vae");
    private static final LatentScale PLAIN = LatentScale.of(1, 0);

    private static VideoAutoencoder open(String name) {
        Path folder = CASES.resolve(name);
        if (name.equals("wan")) {
            return AutoencoderWan.load(folder, LoadOptions.inference());
        }
        try (var rng = Rng.seeded(0)) {
            return AutoencoderCogVideoX.initialise(
                    VideoAutoencoderConfigs.readCogVideoX(folder.resolve("config.json")), rng);
        }
    }

    /// Of Wan 2.1 with those numbers, or of Wan 2.2.
    private static AutoencoderWan.Config wan(int width, List<Integer> multiples, boolean residual) {
        return new AutoencoderWan.Config(
                width,
                width,
                4,
                multiples,
                1,
                List.of(),
                List.of(false, true, true),
                PLAIN,
                residual,
                residual ? 12 : 3,
                residual ? 12 : 3,
                residual ? 2 : 1,
                (residual ? 2 : 1) << (multiples.size() - 1));
    }

    /// 127 million in arXiv:2503.20314, section 4.1; 215.6 million in the published file of
    /// CogVideoX.
    @Test
    void publishedNetworksHaveTheirParameters() {
        var wan =
                new AutoencoderWan.Config(
                        96,
                        96,
                        16,
                        List.of(1, 2, 4, 4),
                        2,
                        List.of(),
                        List.of(false, true, true),
                        PLAIN,
                        false,
                        3,
                        3,
                        1,
                        8);
        try (var vae = new AutoencoderWan(ParameterSource.counting(), wan)) {
            assertThat(vae.parameters().count() / 1e6).isCloseTo(127, within(0.5));
        }
        var cog =
                new AutoencoderCogVideoX.Config(
                        3,
                        3,
                        List.of(128, 256, 256, 512),
                        16,
                        3,
                        Activation.SILU,
                        1e-6,
                        32,
                        4,
                        480,
                        720,
                        PLAIN,
                        false,
                        false,
                        false);
        try (var vae = new AutoencoderCogVideoX(ParameterSource.counting(), cog)) {
            assertThat(vae.parameters().count() / 1e6).isCloseTo(215.6, within(0.05));
        }
    }

    /// What is encoded does not depend on what comes later, and is the same in one piece.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void wanSeesNoLaterFrames(boolean residual) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var vae = AutoencoderWan.initialise(wan(4, List.of(1, 2, 2, 2), residual), rng)) {
            int side = 2 * vae.downsampling();
            Tensor x = rng.normal(1, 3, 13, side, side);
            Tensor z = vae.encode(x);
            assertThat(Shapes.of(z)).containsExactly(1, 4, 4, 2, 2);
            assertClose(vae.encode(x.narrow(2, 0, 9)), z.narrow(2, 0, 3));
            assertClose(vae.encode(x.narrow(2, 0, 1)), z.narrow(2, 0, 1));
            Tensor back = vae.decode(z);
            assertThat(Shapes.of(back)).containsExactly(1, 3, 13, side, side);
            assertClose(vae.decode(z.narrow(2, 0, 2)), back.narrow(2, 0, 5));
            assertThat(vae.temporalDownsampling()).isEqualTo(4);
        }
    }

    /// The unlearned shortcuts of Wan 2.2 are inverse to each other where a place has room for all
    /// that it stands for.
    @Test
    void repeatedChannelsAverageToThemselves() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2);
                var cache = new FeatureCache()) {
            Tensor x = rng.normal(2, 8, 3, 4, 5);
            var chunk = new VideoLayer.Chunk(x, false, cache);
            Tensor large = new WanShortcuts.Repeat(4, 2, 2).forward(x, chunk);
            assertThat(Shapes.of(large)).containsExactly(2, 4, 6, 8, 10);
            var down = new WanShortcuts.Down(List.of((y, _) -> Ops.mul(x, 0)), 8, 2, 2);
            assertClose(down.forward(large, chunk), x);
            var first = new VideoLayer.Chunk(x, true, cache);
            assertThat(new WanShortcuts.Repeat(4, 2, 2).forward(x, first).size(2)).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"wan", "cogvideox"})
    void tilesOfTheWholeSizeChangeNothing(String name) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3);
                var vae = open(name)) {
            Tensor x = rng.normal(2, 3, 9, 16, 24);
            Tiling whole =
                    Tiling.of(Tiling.Axis.strided(16, 16, 4), Tiling.Axis.strided(24, 24, 4));
            Tensor z = vae.encode(x);
            assertClose(vae.encode(x, whole), z);
            assertClose(vae.decode(z, whole), vae.decode(z));
            Tiling halves = Tiling.of(whole.rows(), Tiling.Axis.strided(16, 8, 4));
            assertThat(Shapes.of(vae.encode(x, halves))).isEqualTo(Shapes.of(z));
            assertThat(Shapes.of(vae.decode(z, halves))).isEqualTo(Shapes.of(x));
            assertThat(Ops.maxAbsDifference(vae.encode(x, halves), z)).isGreaterThan(1e-4);
        }
    }

    /// Latents are shifted and scaled channel by channel, and drawn with the noise of the seed.
    @Test
    void latentsAreThoseOfTheDiffusionModel() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(4);
                var noise = Rng.seeded(5);
                var again = Rng.seeded(5);
                var wan = open("wan")) {
            Tensor x = rng.normal(1, 3, 1, 8, 8);
            Posterior q = wan.posterior(x);
            LatentScale scale = wan.scale();
            assertThat(scale.mean()).hasSize(4);
            Tensor second = q.mean().select(1, 1);
            Tensor wanted = Ops.div(Ops.add(second, -scale.mean().get(1)), scale.std().get(1));
            assertClose(wan.encode(x).select(1, 1), wanted);
            Tensor drawn = q.sample(noise.normal(Shapes.of(q.mean())));
            assertClose(wan.encode(x, again), scale.apply(drawn));
        }
    }

    /// The gradient along a random direction against central differences, in float64: through the
    /// features that one chunk remembers of the one before.
    @Test
    void gradientsPassFromChunkToChunk() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(6);
                var vae =
                        new AutoencoderWan(
                                ParameterSource.initialising(rng, Dtype.FLOAT64),
                                wan(4, List.of(1, 2, 2, 2), false))) {
            Tensor x = Ops.to(rng.normal(1, 3, 5, 8, 8), Dtype.FLOAT64);
            Tensor direction = Ops.to(rng.normal(1, 3, 5, 8, 8), Dtype.FLOAT64);
            x.set_requires_grad(true);
            double slope = Ops.item(Ops.gradient(last(vae, x), x).mul(direction).sum());
            double h = 1e-5;
            double up = Ops.item(last(vae, Ops.addScaled(x, direction, h)));
            double down = Ops.item(last(vae, Ops.addScaled(x, direction, -h)));
            assertThat((up - down) / (2 * h))
                    .isCloseTo(slope, within(1e-6 * Math.max(1, Math.abs(slope))));
        }
    }

    private static Tensor last(AutoencoderWan vae, Tensor x) {
        Tensor mean = vae.posterior(x).mean();
        return vae.reconstruct(mean).select(2, 4).square().mean();
    }

    @ParameterizedTest
    @ValueSource(strings = {"wan", "cogvideox"})
    void passesLeaveNothingBehind(String name) {
        try (var rng = Rng.seeded(1);
                var vae = open(name)) {
            long before = 0;
            for (int i = 0; i < 10; i++) {
                try (var _ = TensorScope.open()) {
                    vae.decode(vae.encode(rng.normal(1, 3, 9, 24, 16)));
                }
                if (i == 4) {
                    before = Pointer.totalCount();
                }
            }
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void wrongVideosAreOneClearLine() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var cog = open("cogvideox");
                var wan = open("wan")) {
            Tiling.Axis axis = Tiling.Axis.strided(8, 4, 4);
            assertThatThrownBy(() -> cog.encode(rng.normal(1, 3, 1, 9, 8), Tiling.of(axis, axis)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("a video must have a frame of at least 4 x 4 but is 1 x 1 x 8");
            assertThatThrownBy(() -> wan.encode(rng.normal(1, 3, 5, 10, 8)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage(
                            "a video must have a frame and sides that are multiples of 4 but is 5 x 10 x 8");
            assertThatThrownBy(() -> wan.decode(rng.normal(1, 4, 8, 8)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("z must have shape");
            assertThatThrownBy(() -> wan.encode(rng.normal(1, 3, 1, 8, 8), new Tiling(List.of())))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("tiles must have 2 axes here but have 0");
        }
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        assertThat(Shapes.of(actual)).isEqualTo(Shapes.of(expected));
        assertThat(Ops.maxAbsDifference(actual, expected)).isLessThan(2e-5);
    }
}
