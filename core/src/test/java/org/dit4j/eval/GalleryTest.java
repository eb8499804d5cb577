package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GalleryTest {
    private static final List<String> ROUND = List.of("a", "a", "b", "b", "c");
    private static final List<String> STYLES = List.of("x", "y", "x", "y", "x");

    private TensorScope scope = TensorScope.open();

    @BeforeEach
    void open() {
        scope.close();
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /// Two features of five pictures: `a` is right, `b` up, `c` right as well but twice as long.
    private static Tensor features() {
        return Tensors.of(new float[] {1, 0, 1, 0.1f, 0, 1, 0.2f, 1, 2, 0}, 5, 2);
    }

    @Test
    void aMeasureSaysWhatIsNear() {
        Tensor x = Tensors.of(new float[] {1.8f, 0.08f}, 1, 2);
        // angles: x 2.54 degrees, a 0 and 5.71, c 0; distances: a 0.80, c 0.22
        var byLength = new Gallery(features(), ROUND, STYLES, Gallery.Measure.EUCLIDEAN);
        assertThat(byLength.retrieve(x, List.of("a"), 0).hits())
                .containsExactly(new Retrieval.Hit("a", 4, 1, 0));
        // by angle 0 and 4 are the same: a tie, of which the wanted one is shown
        var byAngle = new Gallery(features(), ROUND, STYLES, Gallery.Measure.COSINE);
        Retrieval tie = byAngle.retrieve(x, List.of("a"), 0);
        assertThat(tie.hits()).containsExactly(new Retrieval.Hit("a", 0, 0, 1));
        assertThat(tie.top(1)).isEqualTo(0.5);
        assertThat(tie.top(2)).isEqualTo(1);
        assertThat(tie.candidates()).isEqualTo(3);
        assertThat(tie.chance(1)).isEqualTo(1 / 3.0);
        assertThat(byAngle.retrieve(x, List.of("b"), 0).top(2)).isZero();
    }

    @Test
    void anotherStyleMayNotFindItsOwnPictures() {
        var gallery = new Gallery(features(), ROUND, STYLES, Gallery.Measure.EUCLIDEAN);
        Retrieval found = gallery.ofOtherStyles(List.of("a", "b", "c"), 3);
        assertThat(found.hits()).hasSize(2); // c has one style only
        for (Retrieval.Hit hit : found.hits()) {
            List<Integer> own = hit.wanted().equals("a") ? List.of(0, 1) : List.of(2, 3);
            assertThat(own).contains(hit.nearest());
            assertThat(hit.above()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Gallery.Measure.class)
    void realPicturesFindThemselvesAndRandomOnesFindByChance(Gallery.Measure measure) {
        int subjects = 150;
        List<String> names = IntStream.range(0, 450).mapToObj(i -> "s" + i % subjects).toList();
        List<String> styles = IntStream.range(0, 450).mapToObj(i -> "t" + i / subjects).toList();
        try (var rng = Rng.seeded(5)) {
            Tensor real = rng.normal(450, 16);
            var gallery = new Gallery(real, names, styles, measure);
            Retrieval itself = gallery.retrieve(real, names, 1);
            assertThat(itself.top(1)).isEqualTo(1);
            assertThat(itself.candidates()).isEqualTo(Gallery.CANDIDATES);
            assertThat(IntStream.range(0, 450)).allMatch(i -> itself.hits().get(i).nearest() == i);
            // 3000 draws of chance 1 % and 5 %: standard deviations 0.18 % and 0.40 %
            var wanted = new ArrayList<String>();
            for (int i = 0; i < 3000; i++) {
                wanted.add("s" + i * 7 % subjects);
            }
            Retrieval random = gallery.retrieve(rng.normal(3000, 16), wanted, 1);
            assertThat(random.top(1)).isCloseTo(random.chance(1), within(0.0075));
            assertThat(random.top(5)).isCloseTo(0.05, within(0.016));
        }
    }

    @Test
    void theSameFeaturesForAllAreRightByChanceOnly() {
        List<String> names = IntStream.range(0, 120).mapToObj(i -> "s" + i).toList();
        Tensor same = Ops.add(Tensors.zeros(org.dit4j.tensor.Dtype.FLOAT32, 120, 4), 1);
        var gallery = new Gallery(same, names, names, Gallery.Measure.EUCLIDEAN);
        Retrieval found = gallery.retrieve(same, names, 0);
        assertThat(found.top(1)).isCloseTo(0.01, within(1e-9));
        assertThat(found.top(5)).isCloseTo(0.05, within(1e-9));
    }

    @Test
    void theSeedChoosesTheOthers() {
        List<String> names = IntStream.range(0, 200).mapToObj(i -> "s" + i).toList();
        try (var rng = Rng.seeded(2)) {
            var gallery = new Gallery(rng.normal(200, 4), names, names, Gallery.Measure.EUCLIDEAN);
            Tensor x = rng.normal(200, 4);
            assertThat(gallery.retrieve(x, names, 1)).isEqualTo(gallery.retrieve(x, names, 1));
            assertThat(gallery.retrieve(x, names, 1)).isNotEqualTo(gallery.retrieve(x, names, 2));
        }
    }

    @Test
    void mistakesAreNamed() {
        var gallery = new Gallery(features(), ROUND, STYLES, Gallery.Measure.COSINE);
        assertThatThrownBy(() -> gallery.retrieve(features(), List.of("a"), 0))
                .isInstanceOf(ConfigException.class)
                .hasMessage("5 pictures need as many subjects, not 1");
        assertThatThrownBy(() -> gallery.ofOtherStyles(List.of("d"), 0))
                .hasMessage("there is no picture of d");
        assertThatThrownBy(() ->
                        new Gallery(
                                features(), STYLES.subList(1, 5), STYLES, Gallery.Measure.COSINE))
                .hasMessage(
                        "a gallery of 5 pictures needs as many subjects and styles, not 4 and 5");
    }

    @Test
    void thumbnailsAreMeans() {
        var rgb = new byte[32 * 32 * 3];
        rgb[0] = (byte) 200; // red of the upper left pixel, one of four
        float[] small = Tensors.floats(Thumbnails.of(List.of(Picture.of(32, 32, rgb))));
        assertThat(small).hasSize(768);
        assertThat(small[0]).isCloseTo(50 / 255f, within(1e-6f));
        assertThat(small[1]).isZero();
    }
}
