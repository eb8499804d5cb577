package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class PictureTest {
    private final Picture picture = Picture.of(2, 1, new byte[] {1, 2, 3, -1, -2, -3});

    @Test
    void aTensorHoldsRowsOfPixels() {
        try (var _ = TensorScope.open()) {
            var x = picture.tensor();
            assertThat(x.size(0)).isEqualTo(1);
            assertThat(x.size(1)).isEqualTo(2);
            assertThat(Tensors.longs(x)).containsExactly(1, 2, 3, 255, 254, 253);
            assertThat(Picture.of(x)).isEqualTo(picture).hasSameHashCodeAs(picture);
        }
    }

    @Test
    void onlyBytesInThreeChannelsAreAPicture() {
        try (var _ = TensorScope.open()) {
            var floats = Tensors.zeros(Dtype.FLOAT32, 2, 2, 3);
            assertThatThrownBy(() -> Picture.of(floats))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("[2, 2, 3]");
            var channelsFirst = Tensors.zeros(Dtype.UINT8, 3, 2, 2);
            assertThatThrownBy(() -> Picture.of(channelsFirst)).isInstanceOf(ShapeException.class);
        }
    }

    @Test
    void theArrayGivenIsCopied() {
        byte[] rgb = {1, 2, 3};
        Picture p = Picture.of(1, 1, rgb);
        rgb[0] = 9;
        assertThat(p.value(0, 0, 0)).isEqualTo(1);
    }

    @Test
    void aWrongSizeIsRefused() {
        assertThatThrownBy(() -> Picture.of(2, 2, new byte[3]))
                .isInstanceOf(ShapeException.class)
                .hasMessage("a picture of 2 x 2 has 12 bytes, not 3");
        assertThatThrownBy(() -> Picture.of(1 << 20, 1, new byte[3]))
                .isInstanceOf(ShapeException.class);
        assertThatThrownBy(() -> picture.crop(1, 0, 2, 1)).isInstanceOf(ShapeException.class);
        assertThatThrownBy(() -> CenterCrop.of(picture, 0)).isInstanceOf(ConfigException.class);
    }

    @Test
    void aCropIsThePartAndACentredPictureHasABorder() {
        assertThat(picture.crop(1, 0, 1, 1)).isEqualTo(Picture.of(1, 1, new byte[] {-1, -2, -3}));
        Picture wide = picture.centered(2, 3, 0);
        assertThat(wide.crop(0, 1, 2, 1)).isEqualTo(picture);
        assertThat(wide.value(0, 0, 0) + wide.value(1, 2, 2)).isZero();
    }
}
