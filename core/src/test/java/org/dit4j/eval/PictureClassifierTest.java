package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureClassifierTest {
    private static PictureClassifier.Config tiny() {
        return new PictureClassifier.Config(8, 32, List.of("cat", "dog", "fish"));
    }

    @Test
    void whatItSavesItLoadsInHalfPrecision(@TempDir Path folder) throws Exception {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var classifier = PictureClassifier.initialise(tiny(), rng)) {
            classifier.save(folder);
            Tensor x = rng.normal(2, 3, 32, 32);
            Tensor features = classifier.features(x);
            assertThat(Shapes.of(features)).containsExactly(2, 64);
            try (var loaded = PictureClassifier.load(folder)) {
                assertThat(loaded.config()).isEqualTo(tiny());
                assertThat(Shapes.of(loaded.logits(features))).containsExactly(2, 3);
                assertThat(Ops.maxAbsDifference(loaded.features(x), features)).isLessThan(2e-3);
            }
            assertThat(Files.size(folder.resolve("model.safetensors")))
                    .isLessThan(2 * classifier.parameters().count() + 4096);
        }
    }

    /// 3x3 convolutions: 3 w (stem), 2 w^2 at the first stage, and (1/2 + 1) (w_i)^2 at the others.
    @Test
    void hasTheParametersOfItsFormula() {
        List<String> classes = IntStream.range(0, 101).mapToObj(i -> "class " + i).toList();
        var config = new PictureClassifier.Config(32, 64, classes);
        long w = 32;
        long convs = 9 * (3 * w + 2 * w * w);
        long norms = 4 * w;
        for (long out = 2 * w; out <= 8 * w; out *= 2) {
            convs += 9 * (out / 2 * out + out * out) + out / 2 * out;
            norms += 2 * (out / 2) + 2 * out;
        }
        long last = 2 * 8 * w + 101 * (8 * w + 1);
        try (var classifier = new PictureClassifier(ParameterSource.counting(), config)) {
            assertThat(classifier.parameters().count()).isEqualTo(convs + norms + last);
        }
    }

    @Test
    void picturesOfAnotherSizeAreResized() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var classifier = PictureClassifier.initialise(tiny(), rng)) {
            Tensor small = rng.normal(1, 3, 32, 32);
            Tensor large = Ops.upsampleNearest2x(small);
            // halving by bilinear interpolation takes the mean of each 2 x 2 square
            assertThat(Ops.maxAbsDifference(classifier.features(large), classifier.features(small)))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void featuresLeaveNothingBehind() {
        try (var rng = Rng.seeded(1);
                var classifier = PictureClassifier.initialise(tiny(), rng)) {
            long before = 0;
            for (int i = 0; i < 8; i++) {
                try (var _ = TensorScope.open()) {
                    classifier.logits(classifier.features(rng.normal(2, 3, 32, 32)));
                }
                if (i == 4) {
                    before = Pointer.totalCount();
                }
            }
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void wrongConfigurationIsOneClearLine(@TempDir Path folder) throws Exception {
        assertThatThrownBy(() -> new PictureClassifier.Config(12, 64, List.of("a", "b")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("width must be a multiple of 8 up to 1024 but is 12");
        assertThatThrownBy(() -> new PictureClassifier.Config(8, 64, List.of("a")))
                .hasMessage("a classifier needs 2 to 100000 classes but there are 1");
        Path config =
                Files.writeString(folder.resolve("config.json"), "{\"_class_name\": \"Other\"}");
        assertThatThrownBy(() -> PictureClassifier.load(folder))
                .hasMessage(config + ": _class_name must be PictureClassifier but is \"Other\"");
    }
}
