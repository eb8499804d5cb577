package org.dit4j.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// The safetensors format (github.com/huggingface/safetensors): reads by memory mapping, writes
/// completely or not at all.
public final class Safetensors {
    private Safetensors() {}

    /// Opens one file.
    ///
    /// @throws CheckpointException naming file and tensor if the file breaks a rule of the format
    public static StateDict open(Path file) {
        MappedFile mapped = MappedFile.open(file);
        try {
            SafetensorsHeader header = SafetensorsHeader.read(file, mapped.bytes());
            Map<String, StateDict.Item> items = new LinkedHashMap<>();
            header.spans()
                    .forEach((name, span) ->
                            items.put(
                                    name,
                                    new MappedFile.Slice(
                                            span.entry(),
                                            mapped.bytes()
                                                    .asSlice(
                                                            header.start() + span.begin(),
                                                            span.end() - span.begin()))));
            return new StateDict(file, items, header.metadata(), List.of(mapped));
        } catch (RuntimeException e) {
            mapped.close();
            throw e;
        }
    }

    /// Writes `tensors`, of any device and layout; see [#write(Path, StateDict, Map)].
    ///
    /// @throws CheckpointException if the file could not be written; then nothing has changed
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        try (var dict = StateDict.of(tensors, Map.of())) {
            write(file, dict, metadata);
        }
    }

    /// Writes `tensors` one after the other, larger element types first so that all data is
    /// aligned. No more than one of them is in memory at a time, unless it already was.
    ///
    /// @param metadata texts for the header; `format` is `pt` unless given, which Python's loaders
    ///   ask for
    /// @throws CheckpointException if the file could not be written; then nothing has changed
    public static void write(Path file, StateDict tensors, Map<String, String> metadata) {
        write(file, tensors, tensors.names(), metadata);
    }

    /// As [#write(Path, StateDict, Map)], but only some of the tensors.
    static void write(
            Path file, StateDict tensors, Collection<String> some, Map<String, String> metadata) {
        List<String> names = new ArrayList<>(some);
        names.sort(Comparator.comparingInt((String n) -> -tensors.entry(n).dtype().bytes()));
        ByteBuffer header = header(file, names, tensors, metadata);
        AtomicFile.write(
                file,
                channel -> {
                    writeAll(channel, header);
                    for (String name : names) {
                        tensors.item(name).write(part -> writeAll(channel, part));
                    }
                });
    }

    private static ByteBuffer header(
            Path file, List<String> names, StateDict tensors, Map<String, String> metadata) {
        Map<String, Object> json = new LinkedHashMap<>();
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("format", "pt");
        texts.putAll(metadata);
        json.put(SafetensorsHeader.METADATA, texts);
        long at = 0;
        for (String name : names) {
            if (name.equals(SafetensorsHeader.METADATA)) {
                throw new CheckpointException(file + ": a tensor cannot be named " + name);
            }
            StateDict.Entry x = tensors.entry(name);
            long end = at + x.bytes();
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", x.dtype().safetensorsName());
            entry.put("shape", x.shape());
            entry.put("data_offsets", new long[] {at, end});
            json.put(name, entry);
            at = end;
        }
        byte[] text = JsonFile.mapper().writer().without(INDENT).writeValueAsBytes(json);
        int padded = (text.length + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private static final tools.jackson.databind.SerializationFeature INDENT =
            tools.jackson.databind.SerializationFeature.INDENT_OUTPUT;

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
