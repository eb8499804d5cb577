package org.dit4j.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads the regular files of a tar archive one after the other: POSIX ustar with its `prefix`, the
/// `path` and `size` of pax headers, and the long names of GNU tar. Nothing is written anywhere,
/// and no name is used as a path.
public final class TarReader {
    private static final int BLOCK = 512;
    private static final int MAX_HEADER = 1 << 20;

    private final InputStream in;
    private final String name;
    private final int maxFile;

    /// Reads from `in`, which the caller closes.
    ///
    /// @param name of the archive, for messages
    /// @param maxFile the largest file that may be wanted, in bytes
    public TarReader(InputStream in, String name, int maxFile) {
        this.in = in;
        this.name = name;
        this.maxFile = maxFile;
    }

    /// What receives a file.
    @FunctionalInterface
    public interface Sink {
        /// Takes the file of that name in the archive.
        void accept(String entry, byte[] content) throws IOException;
    }

    /// Passes every file whose name is wanted to `sink`, in the archive's order.
    ///
    /// @throws DataException if the archive is damaged or a wanted file is too large
    public void forEach(Predicate<String> wanted, Sink sink) throws IOException {
        try {
            Header extended = new Header("", -1, '0');
            for (Header h = header(); h != null; h = header()) {
                if (h.type == 'x' || h.type == 'L') {
                    byte[] body = content(h, MAX_HEADER);
                    extended = h.type == 'x' ? pax(body, extended) : longName(body, extended);
                    continue;
                }
                Header file = h.replacedBy(extended);
                extended = new Header("", -1, '0');
                if (file.type == '0' && wanted.test(file.entry)) {
                    sink.accept(file.entry, content(file, maxFile));
                } else {
                    in.skipNBytes(padded(file.size));
                }
            }
        } catch (EOFException e) {
            throw new DataException(name + ": the archive ends in the middle of a file", e);
        }
    }

    private record Header(String entry, long size, char type) {
        Header replacedBy(Header extended) {
            return new Header(
                    extended.entry.isEmpty() ? entry : extended.entry,
                    extended.size < 0 ? size : extended.size,
                    type);
        }
    }

    private @Nullable Header header() throws IOException {
        byte[] block = in.readNBytes(BLOCK);
        if (block.length == 0 || allZero(block)) {
            return null;
        }
        if (block.length < BLOCK) {
            throw new EOFException();
        }
        DataException.require(number(block, 148, 8) == sum(block), "%s: damaged header", name);
        boolean posix = text(block, 257, 6).startsWith("ustar");
        String prefix = posix && block[262] == 0 ? text(block, 345, 155) : "";
        String entry = (prefix.isEmpty() ? "" : prefix + "/") + text(block, 0, 100);
        char type = block[156] == 0 ? '0' : (char) block[156];
        return new Header(entry, number(block, 124, 12), type);
    }

    private byte[] content(Header h, int max) throws IOException {
        DataException.require(
                h.size <= max, "%s: %s has %d bytes, more than %d", name, h.entry, h.size, max);
        byte[] padded = in.readNBytes((int) padded(h.size));
        if (padded.length < padded(h.size)) {
            throw new EOFException();
        }
        return Arrays.copyOf(padded, (int) h.size);
    }

    /// Records `length key=value\n` (POSIX.1-2001, pax).
    private Header pax(byte[] body, Header before) {
        Header result = before;
        int at = 0;
        while (at < body.length) {
            String rest =
                    new String(body, at, Math.min(20, body.length - at), StandardCharsets.US_ASCII);
            int digits = rest.indexOf(' ');
            int length = digits < 1 ? -1 : (int) parse(rest.substring(0, digits), 10);
            DataException.require(
                    length > digits + 1 && length <= body.length - at,
                    "%s: damaged pax header",
                    name);
            String line =
                    new String(body, at + digits + 1, length - digits - 2, StandardCharsets.UTF_8);
            if (line.startsWith("path=")) {
                result = new Header(line.substring(5), result.size, result.type);
            } else if (line.startsWith("size=")) {
                result = new Header(result.entry, parse(line.substring(5), 10), result.type);
            }
            at += length;
        }
        return result;
    }

    private static Header longName(byte[] body, Header before) {
        return new Header(text(body, 0, body.length), before.size, before.type);
    }

    /// An octal number, or a binary one where the first bit is set (GNU tar, files over 8 GB).
    private long number(byte[] block, int at, int length) {
        if ((block[at] & 0x80) == 0) {
            return parse(text(block, at, length).strip(), 8);
        }
        long value = block[at] & 0x7f;
        for (int i = 1; i < length; i++) {
            DataException.require(value < 1L << 54, "%s: damaged number", name);
            value = value << 8 | block[at + i] & 0xff;
        }
        return value;
    }

    private long parse(String digits, int radix) {
        try {
            long value = digits.isEmpty() ? 0 : Long.parseLong(digits, radix);
            DataException.require(
                    value >= 0 && value < 1L << 62, "%s: damaged number %s", name, digits);
            return value;
        } catch (NumberFormatException e) {
            throw new DataException("%s: damaged number in a header".formatted(name), e);
        }
    }

    private static long padded(long size) {
        return (size + BLOCK - 1) / BLOCK * BLOCK;
    }

    private static int sum(byte[] block) {
        int sum = 8 * ' ';
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? 0 : block[i] & 0xff;
        }
        return sum;
    }

    private static boolean allZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static String text(byte[] block, int at, int length) {
        int end = at;
        while (end < at + length && block[end] != 0) {
            end++;
        }
        return new String(block, at, end - at, StandardCharsets.UTF_8);
    }
}
