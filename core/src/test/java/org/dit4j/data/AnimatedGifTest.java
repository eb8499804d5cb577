package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnimatedGifTest {
    private static final String FRAME = "javax_imageio_gif_image_1.0";

    @TempDir Path folder;

    @Test
    void framesTimesAndRoundsComeBack() throws IOException {
        Path file = folder.resolve("a.gif");
        List<Picture> frames = frames(5, 7, 3);
        AnimatedGif.write(file, frames, 24, 4);
        List<Integer> times = new ArrayList<>();
        ImageReader reader = reader(file);
        assertThat(reader.getNumImages(true)).isEqualTo(5);
        for (int i = 0; i < 5; i++) {
            Picture frame = frames.get(i);
            for (int y = 0; y < 3; y++) {
                for (int x = 0; x < 7; x++) {
                    assertThat(reader.read(i).getRGB(x, y) & 0xffffff)
                            .isEqualTo(
                                    frame.value(x, y, 0) << 16
                                            | frame.value(x, y, 1) << 8
                                            | frame.value(x, y, 2));
                }
            }
            var control = node(reader, i, "GraphicControlExtension");
            times.add(Integer.parseInt(control.getAttribute("delayTime")));
        }
        // 100 / 24 = 4.17: the ends are at 4.17, 8.33, 12.5, 16.67, 20.83
        assertThat(times).containsExactly(4, 4, 5, 4, 4);
        assertThat((byte[]) node(reader, 0, "ApplicationExtension").getUserObject())
                .containsExactly(1, 3, 0);
    }

    @Test
    void zeroRoundsAreForEver() throws IOException {
        Path file = folder.resolve("a.gif");
        AnimatedGif.write(file, frames(2, 4, 4), 10, 0);
        assertThat((byte[]) node(reader(file), 0, "ApplicationExtension").getUserObject())
                .containsExactly(1, 0, 0);
    }

    @Test
    void manyColoursBecomeNearOnes() throws IOException {
        var rgb = new byte[3 * 64 * 64];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i % 3 == 0 ? i / 3 % 64 * 4 : i % 3 == 1 ? i / 192 * 4 : 90);
        }
        Picture picture = Picture.of(64, 64, rgb);
        Path file = folder.resolve("a.gif");
        AnimatedGif.write(file, List.of(picture, picture), 10, 0);
        Picture back = PictureFile.read(file);
        long difference = 0;
        for (int i = 0; i < 64 * 64; i++) {
            for (int c = 0; c < 3; c++) {
                difference +=
                        Math.abs(picture.value(i % 64, i / 64, c) - back.value(i % 64, i / 64, c));
            }
        }
        assertThat(difference / (3.0 * 64 * 64)).isLessThan(6);
    }

    @Test
    void rulesAreOneLine() {
        Path file = folder.resolve("a.gif");
        assertThatThrownBy(() -> AnimatedGif.write(file, List.of(), 10, 0))
                .isInstanceOf(DataException.class)
                .hasMessage("an animation has 1 to 10000 frames, not 0");
        assertThatThrownBy(() -> AnimatedGif.write(file, frames(1, 2, 2), 60, 0))
                .hasMessage("a GIF shows up to 50 frames a second, not 60.0");
        var mixed = List.of(frames(1, 2, 2).getFirst(), frames(1, 3, 2).getFirst());
        assertThatThrownBy(() -> AnimatedGif.write(file, mixed, 10, 0))
                .hasMessageEndingWith("there are 2 x 2 and 3 x 2");
        assertThat(folder).isEmptyDirectory();
    }

    private static List<Picture> frames(int count, int width, int height) {
        var frames = new ArrayList<Picture>();
        for (int f = 0; f < count; f++) {
            var rgb = new byte[3 * width * height];
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) (37 * i + 91 * f);
            }
            frames.add(Picture.of(width, height, rgb));
        }
        return frames;
    }

    private static ImageReader reader(Path file) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
        reader.setInput(ImageIO.createImageInputStream(file.toFile()));
        return reader;
    }

    private static IIOMetadataNode node(ImageReader reader, int frame, String name)
            throws IOException {
        var tree = (IIOMetadataNode) reader.getImageMetadata(frame).getAsTree(FRAME);
        return (IIOMetadataNode) tree.getElementsByTagName(name).item(0);
    }
}
