package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TarReaderTest {
    @Test
    void wantedFilesComeInOrder() throws IOException {
        byte[] tar = tar(entry("a/1", '0', "one"), entry("a", '5', ""), entry("b", '0', "two"));
        assertThat(read(tar)).containsExactly(Map.entry("a/1", "one"), Map.entry("b", "two"));
    }

    @Test
    void linksAreNoFiles() throws IOException {
        assertThat(read(tar(entry("link", '2', ""), entry("hard", '1', "")))).isEmpty();
    }

    @Test
    void longNamesOfBothKindsAreRead() throws IOException {
        String name = "long/".repeat(40) + "é";
        String path = "path=" + name + "\n";
        int length = path.getBytes(StandardCharsets.UTF_8).length + 4;
        byte[] tar =
                tar(
                        entry("pax", 'x', length + " " + path),
                        entry("short", '0', "one"),
                        entry("././@LongLink", 'L', name + "2\0"),
                        entry("short", '0', "two"),
                        entry("plain", '0', "three"));
        assertThat(read(tar)).containsOnlyKeys(name, name + "2", "plain");
    }

    @Test
    void damageIsNoticed() {
        byte[] tar = tar(entry("a", '0', "one"));
        byte[] cut = Arrays.copyOf(tar, 600);
        assertThatThrownBy(() -> read(cut))
                .isInstanceOf(DataException.class)
                .hasMessage("test.tar: the archive ends in the middle of a file");
        byte[] changed = tar.clone();
        changed[0] ^= 1;
        assertThatThrownBy(() -> read(changed))
                .isInstanceOf(DataException.class)
                .hasMessage("test.tar: damaged header");
        byte[] pax = tar(entry("pax", 'x', "99999 path=x\n"), entry("a", '0', ""));
        assertThatThrownBy(() -> read(pax))
                .isInstanceOf(DataException.class)
                .hasMessage("test.tar: damaged pax header");
    }

    @Test
    void aWantedFileMayNotBeTooLarge() {
        byte[] tar = tar(entry("a", '0', "x".repeat(101)));
        assertThatThrownBy(() -> read(tar))
                .isInstanceOf(DataException.class)
                .hasMessage("test.tar: a has 101 bytes, more than 100");
    }

    private static Map<String, String> read(byte[] tar) throws IOException {
        var files = new LinkedHashMap<String, String>();
        new TarReader(new ByteArrayInputStream(tar), "test.tar", 100)
                .forEach(
                        name -> true,
                        (name, body) -> files.put(name, new String(body, StandardCharsets.UTF_8)));
        return files;
    }

    static byte[] tar(byte[]... entries) {
        var out = new ByteArrayOutputStream();
        for (byte[] entry : entries) {
            out.writeBytes(entry);
        }
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    static byte[] entry(String name, char type, String body) {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        var block = new byte[512 + (content.length + 511) / 512 * 512];
        put(block, 0, name);
        put(block, 100, "0000644\0");
        put(block, 124, "%011o ".formatted(content.length));
        put(block, 148, "        ");
        block[156] = (byte) type;
        put(block, 257, "ustar\00000");
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += block[i] & 0xff;
        }
        put(block, 148, "%06o\0 ".formatted(sum));
        System.arraycopy(content, 0, block, 512, content.length);
        return block;
    }

    private static void put(byte[] block, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, block, at, bytes.length);
    }
}
