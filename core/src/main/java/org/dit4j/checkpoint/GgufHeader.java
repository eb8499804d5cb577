package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The header of a GGUF file: `GGUF`, version, number of tensors and of key-value pairs, the pairs,
/// name, axes (innermost first), type and offset of each tensor; then the data.
///
/// @param spans where each tensor lies
/// @param metadata texts, numbers and truth values among the pairs, as texts
record GgufHeader(Map<String, Span> spans, Map<String, String> metadata) {
    private static final int MAGIC = 0x46554747; // "GGUF" in little-endian order
    private static final int MAX_NAME = 1024;
    private static final int MAX_TEXT = 1000;
    private static final int MAX_AXES = 4;
    private static final int MAX_COUNT = 1 << 20;

    /// The shape that a tensor had before its axes were joined for the blocks (city96/ComfyUI-GGUF,
    /// `loader.py`).
    private static final String SHAPE = "comfy.gguf.orig_shape.";

    /// A tensor's place.
    ///
    /// @param shape outermost axis first
    /// @param begin first byte, counted from the start of the file
    /// @param bytes size of its data
    record Span(GgufType type, long[] shape, long begin, long bytes) {}

    /// Reads and checks the header of the file `bytes`.
    ///
    /// @throws CheckpointException naming `file` and what is wrong
    static GgufHeader read(Path file, MemorySegment bytes) {
        return new Reader(file, bytes).read();
    }

    /// The state of one reading.
    private static final class Reader {
        private final Path file;
        private final MemorySegment bytes;
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private final Map<String, long[]> shapes = new LinkedHashMap<>();
        private long at;

        Reader(Path file, MemorySegment bytes) {
            this.file = file;
            this.bytes = bytes;
        }

        GgufHeader read() {
            require(bytes.byteSize() >= 24 && number(4) == MAGIC, "not a GGUF file");
            long version = number(4);
            require(version == 2 || version == 3, "GGUF version %d; wanted 2 or 3", version);
            int tensors = count("tensors");
            int pairs = count("key-value pairs");
            long alignment = 32;
            for (int i = 0; i < pairs; i++) {
                String key = text(MAX_NAME);
                String value = value(key, (int) number(4));
                if (key.equals("general.alignment")) {
                    require(
                            value != null && value.matches("[1-9][0-9]{0,8}"),
                            "general.alignment is %s",
                            value);
                    alignment = Long.parseLong(String.valueOf(value));
                }
            }
            var spans = new LinkedHashMap<String, Span>();
            for (int i = 0; i < tensors; i++) {
                String name = text(MAX_NAME);
                require(
                        spans.put(name, span(name)) == null,
                        "two tensors are named \"%s\"",
                        SafetensorsHeader.shown(name));
            }
            long start = (at + alignment - 1) / alignment * alignment;
            var placed = new LinkedHashMap<String, Span>();
            spans.forEach((name, s) -> placed.put(name, place(name, s, start)));
            apart(placed);
            return new GgufHeader(placed, metadata);
        }

        private int count(String what) {
            long n = number(8);
            require(
                    n >= 0 && n <= MAX_COUNT,
                    "%s %s; at most %d are allowed",
                    Long.toUnsignedString(n),
                    what,
                    MAX_COUNT);
            return (int) n;
        }

        /// Reads a value; null for lists, which matter only where they are shapes.
        private @Nullable String value(String key, int type) {
            String value =
                    switch (type) {
                        case 8 -> SafetensorsHeader.shown(text(Integer.MAX_VALUE));
                        case 9 -> {
                            list(key);
                            yield null;
                        }
                        case 6 -> String.valueOf(Float.intBitsToFloat((int) number(4)));
                        case 12 -> String.valueOf(Double.longBitsToDouble(number(8)));
                        case 7 -> String.valueOf(number(1) != 0);
                        default -> String.valueOf(number(width(key, type)));
                    };
            if (value != null && value.length() <= MAX_TEXT) {
                metadata.put(SafetensorsHeader.shown(key), value);
            }
            return value;
        }

        private void list(String key) {
            int type = (int) number(4);
            long n = number(8);
            require(n >= 0, "key \"%s\": a list is too long", SafetensorsHeader.shown(key));
            if (type == 8) {
                for (long i = 0; i < n; i++) {
                    skip(number(8));
                }
                return;
            }
            int width = width(key, type);
            require(
                    n <= bytes.byteSize() / width,
                    "truncated: the list \"%s\" is longer than the file",
                    SafetensorsHeader.shown(key));
            if (key.startsWith(SHAPE) && n <= MAX_AXES + 1) {
                var shape = new long[(int) n];
                for (int i = 0; i < n; i++) {
                    shape[i] = number(width);
                }
                shapes.put(key.substring(SHAPE.length()), shape);
            } else {
                skip(n * width);
            }
        }

        private int width(String key, int type) {
            return switch (type) {
                case 0, 1, 7 -> 1;
                case 2, 3 -> 2;
                case 4, 5, 6 -> 4;
                case 10, 11, 12 -> 8;
                default ->
                        throw failure(
                                "key \"%s\": unknown type %d"
                                        .formatted(SafetensorsHeader.shown(key), type));
            };
        }

        /// Reads a tensor's entry; its place is still counted from the start of the data.
        private Span span(String name) {
            long axes = number(4);
            check(name, axes >= 0 && axes <= MAX_AXES, "%d axes", axes);
            var shape = new long[(int) axes];
            long elements = 1;
            for (int i = shape.length - 1; i >= 0; i--) {
                shape[i] = number(8);
                check(name, shape[i] > 0 && shape[i] <= Long.MAX_VALUE / elements / 8, "too large");
                elements *= shape[i];
            }
            int number = (int) number(4);
            GgufType type =
                    GgufType.of(number)
                            .orElseThrow(() ->
                                    failure(
                                            "tensor \"%s\": type number %d is none of %s"
                                                    .formatted(
                                                            SafetensorsHeader.shown(name),
                                                            number,
                                                            Arrays.toString(GgufType.values()))));
            long row = shape.length == 0 ? 1 : shape[shape.length - 1];
            check(name, row % type.elements() == 0, "rows of %d are no blocks of %s", row, type);
            long size = elements / type.elements() * type.bytes();
            long[] own = shapes.getOrDefault(name, shape);
            check(
                    name,
                    product(own) == elements,
                    "its original shape %s has other elements than %s",
                    Arrays.toString(own),
                    Arrays.toString(shape));
            return new Span(type, own, number(8), size);
        }

        private static long product(long[] shape) {
            long product = 1;
            for (long n : shape) {
                if (n <= 0 || n > Long.MAX_VALUE / product) {
                    return -1;
                }
                product *= n;
            }
            return product;
        }

        private Span place(String name, Span s, long start) {
            check(
                    name,
                    start <= bytes.byteSize()
                            && s.begin() >= 0
                            && s.begin() <= bytes.byteSize() - start
                            && s.bytes() <= bytes.byteSize() - start - s.begin(),
                    "truncated: %d bytes at %d reach beyond the file",
                    s.bytes(),
                    s.begin());
            return new Span(s.type(), s.shape(), start + s.begin(), s.bytes());
        }

        private void apart(Map<String, Span> spans) {
            List<Map.Entry<String, Span>> sorted = new ArrayList<>(spans.entrySet());
            sorted.sort(Comparator.comparingLong(e -> e.getValue().begin()));
            long end = 0;
            for (Map.Entry<String, Span> e : sorted) {
                check(e.getKey(), e.getValue().begin() >= end, "overlaps the tensor before");
                end = e.getValue().begin() + e.getValue().bytes();
            }
        }

        private String text(int most) {
            long n = number(8);
            require(n >= 0 && n <= most, "a text of %s bytes", Long.toUnsignedString(n));
            long from = at;
            skip(n);
            return new String(
                    bytes.asSlice(from, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }

        /// Reads a little-endian whole number; those of less than 8 bytes have no sign.
        private long number(int width) {
            long from = at;
            skip(width);
            long value = 0;
            for (int i = 0; i < width; i++) {
                value |= (bytes.get(ValueLayout.JAVA_BYTE, from + i) & 0xffL) << 8 * i;
            }
            return value;
        }

        private void skip(long n) {
            require(
                    n >= 0 && n <= bytes.byteSize() - at,
                    "truncated: the header goes on beyond the %d bytes of the file",
                    bytes.byteSize());
            at += n;
        }

        private void check(String tensor, boolean rule, String message, @Nullable Object... args) {
            require(
                    rule,
                    "tensor \"%s\": " + message,
                    prepend(SafetensorsHeader.shown(tensor), args));
        }

        private static @Nullable Object[] prepend(String first, @Nullable Object[] rest) {
            var all = new ArrayList<@Nullable Object>(List.of(first));
            all.addAll(Arrays.asList(rest));
            return all.toArray();
        }

        private void require(boolean rule, String message, @Nullable Object... args) {
            if (!rule) {
                throw failure(message.formatted(args));
            }
        }

        private CheckpointException failure(String message) {
            return new CheckpointException(file + ": " + message);
        }
    }
}
