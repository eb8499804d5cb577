package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dit4j.tensor.Dtype;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// The header of a safetensors file: eight bytes of length (little-endian), then one JSON object of
/// `name: {dtype, shape, data_offsets}` and `__metadata__`, then the data.
///
/// The rules are those of the format's description in the safetensors repository: tensors lie one
/// after the other without holes or overlaps and fill the rest of the file. Read as a stream, so
/// that a hostile header cannot ask for much more memory than its own size.
///
/// @param spans where each tensor lies, in the order of the header
/// @param metadata texts of `__metadata__`
/// @param start first byte of the data
record SafetensorsHeader(Map<String, Span> spans, Map<String, String> metadata, long start) {
    static final String METADATA = "__metadata__";
    private static final long MAX_HEADER = 100_000_000;
    private static final int MAX_AXES = 64;

    /// A tensor's place.
    ///
    /// @param entry type and shape
    /// @param begin first byte, counted from the start of the data
    /// @param end byte after the last
    record Span(StateDict.Entry entry, long begin, long end) {}

    /// Reads and checks the header of the file `bytes`.
    ///
    /// @throws CheckpointException naming `file`, the tensor and the rule
    static SafetensorsHeader read(Path file, MemorySegment bytes) {
        return new Reader(file, bytes.byteSize()).read(bytes);
    }

    /// The state of one reading.
    private static final class Reader {
        private final Path file;
        private final long size;
        private final Map<String, Span> spans = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();

        Reader(Path file, long size) {
            this.file = file;
            this.size = size;
        }

        SafetensorsHeader read(MemorySegment bytes) {
            require(size >= 8, "%d bytes are too few for a safetensors file", size);
            long length =
                    bytes.get(
                            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
            require(
                    length >= 2 && length <= MAX_HEADER,
                    "not a safetensors file: its header would have %s bytes, at most %d are"
                            + " allowed",
                    Long.toUnsignedString(length),
                    MAX_HEADER);
            require(
                    length <= size - 8,
                    "truncated: the header needs %d bytes, the file has %d",
                    length + 8,
                    size);
            byte[] json = bytes.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
            require(json[0] == '{', "not a safetensors file: its header is not a JSON object");
            try (JsonParser parser = JsonFile.mapper().createParser(json)) {
                parser.nextToken();
                header(parser);
                require(parser.nextToken() == null, "header: more follows the JSON object");
            } catch (JacksonException e) {
                throw new CheckpointException(
                        "%s: header is not valid JSON: %s"
                                .formatted(
                                        file, CheckpointException.oneLine(e.getOriginalMessage())),
                        e);
            }
            cover(size - 8 - length);
            return new SafetensorsHeader(spans, metadata, 8 + length);
        }

        private void header(JsonParser parser) {
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                require(
                        parser.nextToken() == JsonToken.START_OBJECT,
                        "header: \"%s\" is not an object",
                        shown(name));
                if (name.equals(METADATA)) {
                    texts(parser);
                } else {
                    spans.put(name, span(name, parser));
                }
            }
        }

        private void texts(JsonParser parser) {
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String key = parser.currentName();
                require(
                        parser.nextToken() == JsonToken.VALUE_STRING,
                        "header: %s.%s is not a text",
                        METADATA,
                        shown(key));
                metadata.put(key, parser.getString());
            }
        }

        private Span span(String name, JsonParser parser) {
            String dtype = null;
            long[] shape = null;
            long[] offsets = null;
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String key = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (key) {
                    case "dtype" -> {
                        check(name, value == JsonToken.VALUE_STRING, "dtype is not a text");
                        dtype = parser.getString();
                    }
                    case "shape" -> shape = numbers(name, key, parser);
                    case "data_offsets" -> offsets = numbers(name, key, parser);
                    default -> check(name, false, "unknown key \"%s\"", shown(key));
                }
            }
            return span(name, dtype, shape, offsets);
        }

        private Span span(
                String name,
                @Nullable String dtype,
                long @Nullable [] shape,
                long @Nullable [] offsets) {
            if (dtype == null || shape == null || offsets == null) {
                throw failure(name, "dtype, shape and data_offsets are all needed");
            }
            check(name, offsets.length == 2, "data_offsets must be two numbers");
            long begin = offsets[0];
            long end = offsets[1];
            check(name, begin <= end, "data_offsets [%d, %d] run backwards", begin, end);
            String given = dtype;
            Dtype type =
                    dtype(dtype)
                            .orElseThrow(() ->
                                    failure(name, "unknown dtype \"%s\"".formatted(shown(given))));
            long wanted = bytes(name, type, shape);
            check(
                    name,
                    end - begin == wanted,
                    "%s of shape %s needs %d bytes, data_offsets [%d, %d] give %d",
                    type,
                    Arrays.toString(shape),
                    wanted,
                    begin,
                    end,
                    end - begin);
            return new Span(new StateDict.Entry(type, shape, wanted), begin, end);
        }

        private long[] numbers(String name, String key, JsonParser parser) {
            check(name, parser.currentToken() == JsonToken.START_ARRAY, "%s is not a list", key);
            var values = new long[MAX_AXES];
            int n = 0;
            for (JsonToken t = parser.nextToken();
                    t != JsonToken.END_ARRAY;
                    t = parser.nextToken()) {
                check(name, n < MAX_AXES, "%s has more than %d numbers", key, MAX_AXES);
                check(name, t == JsonToken.VALUE_NUMBER_INT, "%s: not a whole number", key);
                check(
                        name,
                        parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
                                && parser.getLongValue() >= 0,
                        "%s: %s is out of range",
                        key,
                        shown(parser.getString()));
                values[n++] = parser.getLongValue();
            }
            return Arrays.copyOf(values, n);
        }

        private long bytes(String name, Dtype dtype, long[] shape) {
            return Sizes.bytes(dtype, shape)
                    .orElseThrow(() ->
                            failure(
                                    name,
                                    "shape %s is too large".formatted(Arrays.toString(shape))));
        }

        /// Checks that the tensors fill the `available` bytes exactly.
        private void cover(long available) {
            List<Map.Entry<String, Span>> sorted = new ArrayList<>(spans.entrySet());
            sorted.sort(
                    Comparator.comparingLong((Map.Entry<String, Span> e) -> e.getValue().begin())
                            .thenComparingLong(e -> e.getValue().end()));
            long at = 0;
            for (Map.Entry<String, Span> e : sorted) {
                Span s = e.getValue();
                check(
                        e.getKey(),
                        s.end() <= available,
                        "truncated: data_offsets [%d, %d] reach beyond the %d bytes of data in the"
                                + " file",
                        s.begin(),
                        s.end(),
                        available);
                check(
                        e.getKey(),
                        s.begin() == at,
                        s.begin() < at
                                ? "data_offsets [%d, %d] overlap the tensor before, which ends at"
                                        + " %d"
                                : "data_offsets [%d, %d] leave a hole after the tensor before, which"
                                        + " ends at %d",
                        s.begin(),
                        s.end(),
                        at);
                at = s.end();
            }
            require(
                    at == available,
                    "%d bytes of data belong to no tensor (the tensors end at %d)",
                    available - at,
                    at);
        }

        private void check(String tensor, boolean rule, String message, Object... args) {
            if (!rule) {
                throw failure(tensor, message.formatted(args));
            }
        }

        private CheckpointException failure(String tensor, String message) {
            return new CheckpointException(
                    "%s: tensor \"%s\": %s".formatted(file, shown(tensor), message));
        }

        private void require(boolean rule, String message, Object... args) {
            if (!rule) {
                throw new CheckpointException(file + ": " + message.formatted(args));
            }
        }
    }

    private static Optional<Dtype> dtype(String name) {
        return Arrays.stream(Dtype.values())
                .filter(d -> d.safetensorsName().equals(name))
                .findFirst();
    }

    /// Returns a foreign text fit for one line.
    static String shown(String text) {
        String plain = text.replaceAll("\\p{Cntrl}", "?");
        return plain.length() <= 120 ? plain : plain.substring(0, 120) + "...";
    }
}
