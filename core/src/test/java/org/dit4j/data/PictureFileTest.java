package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFileTest {
    @TempDir Path folder;

    @Test
    void whatWasWrittenIsReadAgain() {
        Path file = folder.resolve("new/p.png");
        Picture p = noise(13, 7);
        PictureFile.write(file, p);
        assertThat(PictureFile.read(file)).isEqualTo(p);
    }

    @Test
    void textIsKeptInAnyLanguage() {
        Path file = folder.resolve("p.png");
        var text = Map.of("prompt", "a cat, 猫, 😺", "seed", "42");
        PictureFile.write(file, noise(4, 4), text);
        assertThat(PictureFile.text(file)).isEqualTo(text);
        assertThat(PictureFile.read(file)).isEqualTo(noise(4, 4));
    }

    @Test
    void theSamePictureAndTextGiveTheSameBytes() {
        var text = Map.of("a", "1", "b", "2", "c", "3", "d", "4");
        var same = new java.util.LinkedHashMap<String, String>();
        for (String key : new String[] {"d", "b", "a", "c"}) {
            same.put(key, text.get(key));
        }
        assertThat(PictureFile.encode(noise(9, 9), text))
                .isEqualTo(PictureFile.encode(noise(9, 9), same));
    }

    @Test
    void latin1TextChunksAreReadToo() throws IOException {
        byte[] png = PictureFile.encode(noise(2, 2), Map.of());
        byte[] body = "tEXtTitle\0caf\u00e9".getBytes(StandardCharsets.ISO_8859_1);
        var crc = new CRC32();
        crc.update(body);
        var chunk = ByteBuffer.allocate(body.length + 8);
        chunk.putInt(body.length - 4).put(body).putInt((int) crc.getValue());
        var file = new ByteArrayOutputStream();
        file.write(png, 0, 33); // signature and header
        file.write(chunk.array());
        file.write(png, 33, png.length - 33);
        Path path = Files.write(folder.resolve("t.png"), file.toByteArray());
        assertThat(PictureFile.text(path)).containsExactly(Map.entry("Title", "café"));
    }

    @Test
    void whatIsTransparentShowsWhite() throws IOException {
        var image = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00ff0000);
        image.setRGB(1, 0, 0x80ff0000);
        image.setRGB(2, 0, 0xffff0000);
        Path file = folder.resolve("t.png");
        ImageIO.write(image, "png", file.toFile());
        Picture p = PictureFile.read(file);
        assertThat(p.value(0, 0, 1)).isEqualTo(255);
        assertThat(p.value(1, 0, 1)).isEqualTo(127);
        assertThat(p.value(2, 0, 1)).isZero();
        assertThat(p.value(1, 0, 0)).isEqualTo(255);
    }

    @Test
    void grayValuesAreKept() throws IOException {
        var image = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
        for (int x = 0; x < 256; x++) {
            image.getRaster().setSample(x, 0, 0, x);
        }
        Path file = folder.resolve("g.png");
        ImageIO.write(image, "png", file.toFile());
        Picture p = PictureFile.read(file);
        for (int x = 0; x < 256; x++) {
            assertThat(p.value(x, 0, 1)).isEqualTo(x);
        }
    }

    @Test
    void aDamagedFileIsNamed() throws IOException {
        byte[] png = PictureFile.encode(noise(64, 64), Map.of());
        Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(png, png.length / 2));
        assertThatThrownBy(() -> PictureFile.read(cut))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(cut + ": the picture is not readable");
        Path text = Files.writeString(folder.resolve("text.png"), "no picture");
        assertThatThrownBy(() -> PictureFile.read(text))
                .isInstanceOf(DataException.class)
                .hasMessage(text + ": this is no PNG, JPEG, WebP, GIF or BMP picture");
        Path none = folder.resolve("none.png");
        assertThatThrownBy(() -> PictureFile.read(none))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void anAbsurdSizeIsRefusedBeforeMemoryIsTaken() throws IOException {
        byte[] png = PictureFile.encode(noise(2, 2), Map.of());
        var bytes = ByteBuffer.wrap(png);
        bytes.putInt(16, 2_000_000_000).putInt(20, 2_000_000_000);
        var crc = new CRC32();
        crc.update(png, 12, 17);
        bytes.putInt(29, (int) crc.getValue());
        Path file = Files.write(folder.resolve("huge.png"), png);
        assertThatThrownBy(() -> PictureFile.read(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("2000000000 x 2000000000");
    }

    static Picture noise(int width, int height) {
        var rgb = new byte[3 * width * height];
        new Random(width).nextBytes(rgb);
        return Picture.of(width, height, rgb);
    }
}
