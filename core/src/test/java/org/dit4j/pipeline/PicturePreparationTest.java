package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.data.Resampling;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PicturePreparationTest {
    private static final PicturePreparation PREPARATION =
            new PicturePreparation(4, 2, List.of(0.5, 0.25, 0.0), List.of(0.5, 0.25, 2.0));

    @TempDir private Path folder;

    private static Picture picture(int width, int height) {
        var rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 5);
        }
        return Picture.of(width, height, rgb);
    }

    @Test
    void theMiddleIsCutOutAndNormalised() {
        Picture given = picture(7, 4); // its shorter side is right already
        double[] mean = {0.5, 0.25, 0};
        double[] std = {0.5, 0.25, 2};
        try (var _ = TensorScope.open()) {
            Tensor x = PREPARATION.pixels(given);
            assertThat(Shapes.of(x)).containsExactly(3, 2, 2);
            for (int c = 0; c < 3; c++) {
                for (int i = 0; i < 4; i++) {
                    double share = given.value(2 + i % 2, 1 + i / 2, c) / 255.0;
                    assertThat(Ops.item(x.select(0, c).select(0, i / 2).select(0, i % 2)))
                            .isCloseTo((share - mean[c]) / std[c], within(1e-6));
                }
            }
        }
    }

    @Test
    void theShorterSideDecidesAndTheLongerIsRoundedDown() {
        try (var _ = TensorScope.open()) {
            for (Picture given : List.of(picture(5, 3), picture(3, 5))) {
                int longer = 4 * 5 / 3;
                Picture fitting =
                        given.width() > given.height()
                                ? Resampling.BICUBIC.resize(given, longer, 4)
                                : Resampling.BICUBIC.resize(given, 4, longer);
                int left = (fitting.width() - 2) / 2;
                int top = (fitting.height() - 2) / 2;
                Tensor x = PREPARATION.pixels(given);
                assertThat(Ops.item(x.select(0, 2).select(0, 0).select(0, 0)))
                        .isCloseTo(fitting.value(left, top, 2) / 510.0, within(1e-6));
            }
        }
    }

    private PicturePreparation read(String json) throws IOException {
        Files.writeString(folder.resolve("preprocessor_config.json"), json);
        return PicturePreparation.read(folder);
    }

    @Test
    void filesAreRead() throws IOException {
        assertThat(
                        read(
                                """
                                {"image_processor_type": "CLIPImageProcessor", "size": 6,
                                 "crop_size": {"height": 5, "width": 5}, "resample": 3,
                                 "image_std": [1, 1, 2], "rescale_factor": 0.00392156862745098}
                                """))
                .isEqualTo(
                        new PicturePreparation(
                                6,
                                5,
                                List.of(0.48145466, 0.4578275, 0.40821073),
                                List.of(1.0, 1.0, 2.0)));
        assertThat(read("{}").shortest()).isEqualTo(224);
        for (String wrong :
                List.of(
                        "{\"do_normalize\": false}",
                        "{\"resample\": 2}",
                        "{\"size\": {\"height\": 4, \"width\": 4}}",
                        "{\"crop_size\": {\"height\": 4, \"width\": 5}}",
                        "{\"crop_size\": 300}",
                        "{\"image_std\": [1, 1, 0]}",
                        "{\"other\": 1}")) {
            assertThatThrownBy(() -> read(wrong)).as(wrong).isInstanceOf(ConfigException.class);
        }
    }
}
