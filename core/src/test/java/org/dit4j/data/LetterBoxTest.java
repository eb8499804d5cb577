package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LetterBoxTest {
    private static Picture black(int width, int height) {
        return Picture.of(width, height, new byte[3 * width * height]);
    }

    @Test
    void theWholePictureStandsInTheMiddleOnWhite() {
        Picture wide = LetterBox.of(black(8, 8), 24, 16);
        assertThat(wide.width()).isEqualTo(24);
        assertThat(wide.height()).isEqualTo(16);
        assertThat(wide.crop(4, 0, 16, 16)).isEqualTo(black(16, 16));
        var white = new byte[3 * 4 * 16];
        Arrays.fill(white, (byte) 255);
        assertThat(wide.crop(0, 0, 4, 16)).isEqualTo(Picture.of(4, 16, white));
        assertThat(wide.crop(20, 0, 4, 16)).isEqualTo(Picture.of(4, 16, white));
    }

    @Test
    void itsShapeIsKept() {
        Picture small = LetterBox.of(black(40, 10), 16, 16);
        assertThat(small.crop(0, 6, 16, 4)).isEqualTo(black(16, 4));
        assertThat(small.value(8, 5, 0)).isEqualTo(255);
        assertThat(small.value(8, 10, 0)).isEqualTo(255);
        assertThat(LetterBox.of(black(5000, 1), 8, 8).value(0, 0, 0)).isEqualTo(255);
    }

    @Test
    void aPictureOfThatSizeIsLeftAsItIs() {
        assertThat(LetterBox.of(black(5, 7), 5, 7)).isEqualTo(black(5, 7));
    }
}
