package org.dit4j.autoencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Activation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class AutoencoderDcTest {
    private static final Path CASES = Path.of("..", "conformance", "cases", "vae");

    private static List<DcStage> stages(
            int[] widths, int[] layers, int plain, DcStage.Norm outer, int head, List<Integer> at) {
        var all = new ArrayList<DcStage>();
        for (int i = 0; i < widths.length; i++) {
            boolean residual = i < plain;
            all.add(
                    new DcStage(
                            residual ? DcStage.Block.RESIDUAL : DcStage.Block.VIT,
                            widths[i],
                            layers[i],
                            residual ? List.of() : at,
                            residual ? outer : DcStage.Norm.RMS,
                            Activation.SILU,
                            head));
        }
        return all;
    }

    /// A small `dc-ae-f32c32-in-1.0`: no layers at full size, pixels become channels and back.
    private static AutoencoderDc.Config shuffling() {
        int[] widths = {8, 8, 16};
        return new AutoencoderDc.Config(
                3,
                8,
                stages(widths, new int[] {0, 1, 1}, 2, DcStage.Norm.RMS, 4, List.of()),
                stages(widths, new int[] {0, 2, 1}, 2, DcStage.Norm.BATCH, 4, List.of()),
                true,
                true,
                true,
                true,
                Activation.RELU,
                LatentScale.of(0.5, 0));
    }

    /// `dc-ae-f32c32-sana-1.0`, 312 million in its published file.
    @Test
    void publishedNetworkHasItsParameters() {
        int[] widths = {128, 256, 512, 512, 1024, 1024};
        var config =
                new AutoencoderDc.Config(
                        3,
                        32,
                        stages(
                                widths,
                                new int[] {2, 2, 2, 3, 3, 3},
                                3,
                                DcStage.Norm.RMS,
                                32,
                                List.of(5)),
                        stages(
                                widths,
                                new int[] {3, 3, 3, 3, 3, 3},
                                3,
                                DcStage.Norm.RMS,
                                32,
                                List.of(5)),
                        false,
                        false,
                        true,
                        true,
                        Activation.RELU,
                        LatentScale.of(0.41407, 0));
        try (var dc = new AutoencoderDc(ParameterSource.counting(), config)) {
            assertThat(dc.parameters().count() / 1e6).isCloseTo(312.3, within(0.1));
            assertThat(dc.downsampling()).isEqualTo(32);
            assertThat(dc.tiling().rows()).isEqualTo(new Tiling.Axis(512, 448, 64, 16, 14, 2));
        }
    }

    @Test
    void firstStageWithoutLayersIsAHalving() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var dc = AutoencoderDc.initialise(shuffling(), rng)) {
            assertThat(dc.parameters().all())
                    .containsKeys(
                            "encoder.conv_in.conv.weight",
                            "decoder.conv_out.conv.weight",
                            "decoder.up_blocks.1.1.norm.running_var",
                            "decoder.up_blocks.1.1.norm.num_batches_tracked");
            Tensor z = dc.encode(rng.normal(2, 3, 16, 24));
            assertThat(Shapes.of(z)).containsExactly(2, 8, 4, 6);
            assertThat(Shapes.of(dc.decode(z))).containsExactly(2, 3, 16, 24);
            assertThatThrownBy(() -> dc.encode(rng.normal(1, 3, 16, 22)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("height and width must be multiples of 4 but are 16 and 22");
        }
    }

    /// Repeating then averaging channels gives them back, whatever the size of the groups.
    @Test
    void shortcutsKeepWhatFits() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Tensor x = rng.normal(2, 4, 3, 5);
            Tensor wide = DcLayers.repeated(x, 12);
            assertThat(Ops.maxAbsDifference(wide.select(1, 5), x.select(1, 1))).isZero();
            assertThat(Ops.maxAbsDifference(DcLayers.averaged(wide, 4), x)).isLessThan(1e-6);
        }
    }

    @Test
    void tilesCoverThePicture() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3);
                var dc = AutoencoderDc.load(CASES.resolve("dc"), LoadOptions.inference())) {
            Tensor x = rng.normal(1, 3, 20, 26);
            Tensor z = dc.encode(x);
            assertThat(Shapes.of(z)).containsExactly(1, 4, 10, 13);
            Tiling.Axis even = Tiling.Axis.strided(12, 8, 2);
            assertThat(Shapes.of(dc.encode(x, Tiling.of(even, even)))).isEqualTo(Shapes.of(z));
            assertThat(Shapes.of(dc.decode(z, Tiling.of(even, even)))).isEqualTo(Shapes.of(x));
        }
    }

    @Test
    void passesLeaveNothingBehind() {
        try (var rng = Rng.seeded(1);
                var dc = AutoencoderDc.initialise(shuffling(), rng)) {
            long before = 0;
            for (int i = 0; i < 10; i++) {
                try (var _ = TensorScope.open()) {
                    dc.decode(dc.encode(rng.normal(1, 3, 16, 16)));
                }
                if (i == 4) {
                    before = Pointer.totalCount();
                }
            }
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void wrongNumbersAreOneClearLine() {
        assertThatThrownBy(() -> Tiling.Axis.strided(12, 9, 2))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "tiles of 12 pixels that lie 9 apart must overlap and consist of whole latents of 2");
        assertThatThrownBy(() ->
                        new DcStage(
                                DcStage.Block.VIT,
                                8,
                                1,
                                List.of(4),
                                DcStage.Norm.RMS,
                                Activation.SILU,
                                4))
                .isInstanceOf(ConfigException.class)
                .hasMessage("qkv_multiscales must hold odd numbers but holds [4]");
    }
}
