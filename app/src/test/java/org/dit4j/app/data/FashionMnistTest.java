package org.dit4j.app.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.DataException;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FashionMnistTest {
    @TempDir Path folder;
    private Path source;

    @BeforeEach
    void files() throws IOException {
        source = Files.createDirectory(folder.resolve("from"));
        write("train-images-idx3-ubyte.gz", idx(0x803, 2, 2, 3, "abcdefghijkl"));
        write("train-labels-idx1-ubyte.gz", idx(0x801, 2, "\t\0"));
        write("t10k-images.idx3-ubyte", idx(0x803, 1, 2, 3, "uvwxyz"));
        write("t10k-labels.idx1-ubyte", idx(0x801, 1, "\1"));
    }

    @Test
    void everyPictureGoesToTheFolderOfItsClass() {
        Path out = folder.resolve("out");
        assertThat(new FashionMnist(source).write(out, (_, _, _) -> {})).isEqualTo(3);
        Picture boot = PictureFile.read(out.resolve("train/ankle-boot/00000.png"));
        assertThat(boot).isEqualTo(Picture.ofGray(3, 2, "abcdef".getBytes(US_ASCII), 0));
        assertThat(PictureFile.read(out.resolve("train/t-shirt-top/00001.png")).value(2, 1, 0))
                .isEqualTo('l');
        assertThat(ImageFolder.open(out.resolve("test")).classes()).containsExactly("trouser");
        assertThat(JsonFile.tree(out.resolve("manifest.json")).path("train").asInt(0)).isEqualTo(2);
    }

    @Test
    void aMissingFileSaysHowToGetIt() throws IOException {
        Files.delete(source.resolve("t10k-labels.idx1-ubyte"));
        refuses(
                "there is no t10k-labels-idx1-ubyte.gz in "
                        + source
                        + "; install Debian's package");
    }

    @Test
    void damagedFilesAreRefused() throws IOException {
        String name = "t10k-images.idx3-ubyte";
        Path file = source.resolve(name);
        write(name, idx(0x803, 1, 2, 3, "uvwxy"));
        refuses(file + ": the file is too short");
        write(name, idx(0x803, 1, 2, 3, "uvwxyz!"));
        refuses(file + ": there is more than 6 bytes");
        write(name, idx(0x803, Integer.MAX_VALUE, Integer.MAX_VALUE, 3, ""));
        refuses(file + ": sizes [2147483647, 0, 0] are not possible");
        write(name, idx(0x803, 1, 0, 3, ""));
        refuses(file + ": sizes [1, 0, 0] are not possible");
        write(name, idx(0xd03, 1, 2, 3, "uvwxyz"));
        refuses(file + ": this is no idx file of bytes with 3 axes");
        write(name, idx(0x803, 2, 2, 3, "uvwxyzuvwxyz"));
        refuses(source + ": 2 pictures but 1 labels");
        write(name, idx(0x803, 1, 2, 3, "uvwxyz"));
        write("t10k-labels.idx1-ubyte", idx(0x801, 1, "\12"));
        refuses(source + ": a label is 10");
        write("t10k-labels.idx1-ubyte", new byte[] {0x1f, (byte) 0x8b, 1, 2});
        refuses(source.resolve("t10k-labels.idx1-ubyte") + ": the");
    }

    private void refuses(String message) {
        Path out = folder.resolve("out");
        assertThatThrownBy(() -> new FashionMnist(source).write(out, (_, _, _) -> {}))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(message);
        assertThat(out).doesNotExist();
    }

    private static final java.nio.charset.Charset US_ASCII =
            java.nio.charset.StandardCharsets.US_ASCII;

    /// A header of integers, then the text.
    private static byte[] idx(Object... parts) {
        byte[] text = parts[parts.length - 1].toString().getBytes(US_ASCII);
        var file = ByteBuffer.allocate(4 * (parts.length - 1) + text.length);
        for (int i = 0; i < parts.length - 1; i++) {
            file.putInt((int) parts[i]);
        }
        return file.put(text).array();
    }

    private void write(String name, byte[] content) throws IOException {
        try (OutputStream file = Files.newOutputStream(source.resolve(name));
                OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(file) : file) {
            out.write(content);
        }
    }
}
