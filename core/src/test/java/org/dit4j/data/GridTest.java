package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.dit4j.tensor.ShapeException;
import org.junit.jupiter.api.Test;

class GridTest {
    @Test
    void picturesStandInRowsOnWhite() {
        Picture a = PictureFileTest.noise(5, 4);
        Picture b = PictureFileTest.noise(6, 4).crop(1, 0, 5, 4);
        Picture c = Picture.of(5, 4, new byte[60]);
        Picture grid = Grid.of(List.of(a, b, c), 2);
        assertThat(grid.width()).isEqualTo(12);
        assertThat(grid.height()).isEqualTo(10);
        assertThat(grid.crop(0, 0, 5, 4)).isEqualTo(a);
        assertThat(grid.crop(7, 0, 5, 4)).isEqualTo(b);
        assertThat(grid.crop(0, 6, 5, 4)).isEqualTo(c);
        assertThat(grid.crop(5, 0, 2, 10)).isEqualTo(white(2, 10));
        assertThat(grid.crop(7, 4, 5, 6)).isEqualTo(white(5, 6));
    }

    @Test
    void aRowIsNotWiderThanItsPictures() {
        Picture a = PictureFileTest.noise(5, 4);
        assertThat(Grid.of(List.of(a), 8)).isEqualTo(a);
    }

    @Test
    void sizesMustAgree() {
        List<Picture> two = List.of(PictureFileTest.noise(5, 4), PictureFileTest.noise(4, 4));
        assertThatThrownBy(() -> Grid.of(two, 2))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("Picture 5 x 4 and Picture 4 x 4");
        assertThatThrownBy(() -> Grid.of(List.of(), 2)).isInstanceOf(ShapeException.class);
    }

    private static Picture white(int width, int height) {
        var rgb = new byte[3 * width * height];
        java.util.Arrays.fill(rgb, (byte) 255);
        return Picture.of(width, height, rgb);
    }
}
