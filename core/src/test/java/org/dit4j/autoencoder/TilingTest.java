package org.dit4j.autoencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Activation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class TilingTest {
    private static final Path CASES = Path.of("..", "conformance", "cases", "vae");

    /// The published TAESD: 64 channels, latents of Stable Diffusion.
    private static AutoencoderTiny.Config taesd(int width) {
        return new AutoencoderTiny.Config(
                3,
                3,
                width,
                Activation.RELU,
                4,
                List.of(1, 3, 3, 3),
                List.of(3, 3, 3, 1),
                3,
                0.5,
                LatentScale.of(1, 0));
    }

    @Test
    void tilesAreThoseOfTheReference() {
        try (var _ = TensorScope.open();
                var reference = StateDict.open(CASES.resolve("kl_sd.safetensors"));
                var kl = AutoencoderKl.load(CASES.resolve("kl_sd"), LoadOptions.inference())) {
            assertThat(kl.tiling()).isEqualTo(Tiling.square(32, 4, 0.25));
            Ops.noGrad(() -> {
                Posterior q = kl.posterior(reference.tensor("tiled.in.x"), kl.tiling());
                assertClose(q.mean(), reference.tensor("tiled.out.mean"));
                Tensor x = kl.reconstruct(reference.tensor("tiled.in.z"), kl.tiling());
                assertClose(x, reference.tensor("tiled.out.decoded"));
                return 0;
            });
        }
    }

    @Test
    void pictureOfOneTileIsNotCut() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var kl = AutoencoderKl.load(CASES.resolve("kl_sd"), LoadOptions.inference())) {
            Tensor x = rng.normal(1, 3, 32, 32);
            assertThat(Ops.maxAbsDifference(kl.encode(x, kl.tiling()), kl.encode(x))).isZero();
            Tensor z = rng.normal(1, 4, 4, 3);
            assertThat(Ops.maxAbsDifference(kl.decode(z, kl.tiling()), kl.decode(z))).isZero();
        }
    }

    /// The middle of a tile, far from its edges, is what the whole picture gives.
    @Test
    void tinyTilesFadeIntoEachOther() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var tiny = AutoencoderTiny.initialise(taesd(8), rng)) {
            var tiling = Tiling.square(128, 16, 0.25);
            Tensor z = Ops.mul(rng.normal(1, 4, 20, 28), 0);
            Tensor whole = tiny.decode(z);
            Tensor tiled = tiny.decode(z, tiling);
            assertThat(Shapes.of(tiled)).containsExactly(1, 3, 160, 224);
            Tensor middle = whole.narrow(2, 64, 4).narrow(3, 64, 4);
            assertThat(Ops.maxAbsDifference(tiled.narrow(2, 64, 4).narrow(3, 64, 4), middle))
                    .isLessThan(1e-6);
            assertThat(Shapes.of(tiny.encode(rng.normal(1, 3, 160, 224), tiling)))
                    .containsExactly(1, 4, 20, 28);
            assertThatThrownBy(() -> tiny.encode(rng.normal(1, 3, 161, 220), tiling))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("multiples of 8");
        }
    }

    /// The counts of the published checkpoint `taesd_encoder.pth` and `taesd_decoder.pth`.
    @Test
    void tinyHasTheParametersOfThePublishedNetwork() {
        try (var tiny = new AutoencoderTiny(ParameterSource.counting(), taesd(64))) {
            assertThat(tiny.parameters().count()).isEqualTo(1_222_532 + 1_222_531);
        }
    }

    @Test
    void folderSaysWhichKindItIs() {
        try (var kl = Autoencoder.load(CASES.resolve("kl_sd"), LoadOptions.inference());
                var tiny = Autoencoder.load(CASES.resolve("taesd"), LoadOptions.inference())) {
            assertThat(kl).isInstanceOf(AutoencoderKl.class);
            assertThat(tiny).isInstanceOf(AutoencoderTiny.class);
            assertThat(tiny.downsampling()).isEqualTo(8);
        }
    }

    @Test
    void tilingLeavesNothingBehind() {
        try (var rng = Rng.seeded(1);
                var kl = AutoencoderKl.load(CASES.resolve("kl_sd"), LoadOptions.inference())) {
            long before = 0;
            for (int i = 0; i < 8; i++) {
                try (var _ = TensorScope.open()) {
                    Tensor z = kl.encode(rng.normal(1, 3, 40, 64), kl.tiling());
                    kl.decode(z, kl.tiling());
                }
                if (i == 4) {
                    before = Pointer.totalCount();
                }
            }
            // the collector may have taken objects of other tests meanwhile
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void impossibleTilesAreOneClearLine() {
        assertThatThrownBy(() -> Tiling.square(0, 4, 0.25))
                .isInstanceOf(ConfigException.class)
                .hasMessage("the sizes of a tile must be positive but are 0 pixels and 4 latents");
        assertThatThrownBy(() -> Tiling.square(512, 64, 1))
                .hasMessage("the overlap of tiles must be in [0, 1) but is 1.0");
        assertThatThrownBy(() -> Tiling.square(16, 1, 0.5))
                .hasMessage(
                        "tiles of 16 pixels and 1 latents that overlap by 0.5 leave nothing new");
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        double scale = Math.max(1, Ops.item(expected.abs().max()));
        assertThat(Ops.maxAbsDifference(actual, expected)).isLessThan(2e-5 * scale);
    }
}
