package org.dit4j.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/// Writes archives that `torch.load(weights_only=True)` opens, completely or not at all (pytorch/
/// pytorch `torch/serialization.py`, `_save`); [StateDict#open] reads them.
///
/// The tensors are written one after the other, each at a multiple of 64 bytes, so that they can be
/// mapped.
public final class TorchArchive {
    private static final String ROOT = "archive/";

    /// The attribute of a state dict that holds our own texts.
    static final String ATTRIBUTE = "dit4j";

    private TorchArchive() {}

    private static boolean isOwn(String key) {
        return key.startsWith("dit4j.");
    }

    /// Writes a state dict; of its texts those of our own (`dit4j.*`).
    ///
    /// @throws CheckpointException if the file could not be written; then nothing has changed
    public static void write(Path file, StateDict tensors) {
        write(file, new Content().dict(tensors));
    }

    /// Writes a checkpoint as training programs do, such as `{"model": ..., "ema": ...}`.
    ///
    /// @throws CheckpointException if the file could not be written; then nothing has changed
    public static void write(Path file, Map<String, StateDict> weights) {
        write(file, new Content().dicts(weights));
    }

    private static void write(Path file, Content content) {
        AtomicFile.write(
                file,
                channel -> {
                    var zip = new Zip(channel);
                    zip.add("data.pkl", content.pickle());
                    zip.add("byteorder", "little".getBytes(StandardCharsets.US_ASCII));
                    for (int i = 0; i < content.items.size(); i++) {
                        zip.add("data/" + i, content.items.get(i));
                    }
                    zip.add("version", "3\n".getBytes(StandardCharsets.US_ASCII));
                    zip.finish();
                });
    }

    /// The pickle, and what its storages are.
    private static final class Content {
        private final PickleWriter out = new PickleWriter();
        private final List<StateDict.Item> items = new ArrayList<>();

        Content dicts(Map<String, StateDict> weights) {
            out.beginDict();
            weights.forEach((name, dict) -> {
                out.text(name);
                dict(dict);
            });
            out.endDict();
            return this;
        }

        Content dict(StateDict dict) {
            out.beginOrderedDict();
            for (String name : dict.names()) {
                out.text(name);
                StateDict.Item item = dict.item(name);
                out.tensor(items.size(), item.entry());
                items.add(item);
            }
            out.endDict();
            out.attributes(dict.metadata());
            return this;
        }

        byte[] pickle() {
            return out.finish();
        }
    }

    /// A zip file that stores its entries; layout as in [ZipArchive].
    private static final class Zip {
        private static final int ALIGNMENT = 64;
        private static final long LIMIT = 0xffff_ffffL;
        private final FileChannel channel;
        private final Map<String, long[]> entries = new LinkedHashMap<>(); // offset, size, crc
        private long at;

        Zip(FileChannel channel) {
            this.channel = channel;
        }

        void add(String name, byte[] data) throws IOException {
            var crc = new CRC32();
            crc.update(data);
            begin(name, data.length, crc.getValue());
            append(ByteBuffer.wrap(data));
        }

        /// The checksum stands before the data but is known after it, so it is filled in last.
        void add(String name, StateDict.Item item) throws IOException {
            long header = at;
            var crc = new CRC32();
            begin(name, item.entry().bytes(), 0);
            item.write(part -> {
                crc.update(part.duplicate());
                append(part);
            });
            entry(name)[2] = crc.getValue();
            var patch = buffer(4).putInt((int) crc.getValue()).flip();
            channel.write(patch, header + 14);
        }

        private long[] entry(String name) {
            return entries.computeIfAbsent(name, _ -> new long[3]);
        }

        private void begin(String name, long size, long crc) throws IOException {
            byte[] path = (ROOT + name).getBytes(StandardCharsets.UTF_8);
            boolean large = size >= LIMIT;
            int wide = large ? 20 : 0;
            int fixed = 30 + path.length + wide + 4;
            int padding = (int) ((ALIGNMENT - (at + fixed) % ALIGNMENT) % ALIGNMENT);
            ByteBuffer b = buffer(fixed + padding);
            b.putInt(0x04034b50).putShort((short) (large ? 45 : 20)).putShort((short) 0);
            b.putShort((short) 0).putInt(0x0021_0000); // stored, 1 January 1980
            b.putInt((int) crc).putInt((int) Math.min(size, LIMIT));
            b.putInt((int) Math.min(size, LIMIT)).putShort((short) path.length);
            b.putShort((short) (wide + 4 + padding)).put(path);
            if (large) {
                b.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
            }
            b.putShort((short) 0x4246).putShort((short) padding); // PyTorch's padding field
            entries.put(name, new long[] {at, size, crc});
            append(b.position(b.capacity()).flip());
        }

        /// Writes the directory and its ends, with 64-bit numbers throughout.
        void finish() throws IOException {
            long start = at;
            for (Map.Entry<String, long[]> e : entries.entrySet()) {
                byte[] path = (ROOT + e.getKey()).getBytes(StandardCharsets.UTF_8);
                long[] v = e.getValue();
                ByteBuffer b = buffer(46 + path.length + 28);
                b.putInt(0x02014b50).putShort((short) 45).putShort((short) 45).putShort((short) 0);
                b.putShort((short) 0).putInt(0x0021_0000).putInt((int) v[2]);
                b.putInt(-1).putInt(-1).putShort((short) path.length).putShort((short) 28);
                b.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0).putInt(-1);
                b.put(path).putShort((short) 1).putShort((short) 24);
                b.putLong(v[1]).putLong(v[1]).putLong(v[0]);
                append(b.flip());
            }
            long size = at - start;
            ByteBuffer b = buffer(56 + 20 + 22);
            b.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
            b.putInt(0).putInt(0).putLong(entries.size()).putLong(entries.size());
            b.putLong(size).putLong(start);
            b.putInt(0x07064b50).putInt(0).putLong(at).putInt(1);
            b.putInt(0x06054b50).putInt(0).putInt(-1).putInt(-1).putInt(-1).putShort((short) 0);
            append(b.flip());
        }

        private static ByteBuffer buffer(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }

        private void append(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                at += channel.write(bytes);
            }
        }
    }

    /// The instructions of a pickle, protocol 2 (CPython `Lib/pickletools.py`).
    private static final class PickleWriter {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        PickleWriter() {
            raw("\u0080\2");
        }

        void beginDict() {
            raw("}(");
        }

        void beginOrderedDict() {
            raw("ccollections\nOrderedDict\n)R(");
        }

        void endDict() {
            raw("u");
        }

        /// Sets an attribute of the dictionary, which Python's users of the state dict do not see.
        void attributes(Map<String, String> texts) {
            if (texts.keySet().stream().noneMatch(TorchArchive::isOwn)) {
                return;
            }
            raw("}");
            text(ATTRIBUTE);
            beginDict();
            texts.forEach((key, value) -> {
                if (isOwn(key)) {
                    text(key);
                    text(value);
                }
            });
            raw("usb");
        }

        byte[] finish() {
            raw(".");
            return out.toByteArray();
        }

        void text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            raw("X");
            littleEndian(utf8.length, 4);
            out.writeBytes(utf8);
        }

        private void number(long n) {
            if (n >= 0 && n < 256) {
                raw("K");
                littleEndian(n, 1);
            } else if (n == (int) n) {
                raw("J");
                littleEndian(n, 4);
            } else {
                raw("\u008a\10");
                littleEndian(n, 8);
            }
        }

        private void numbers(long[] values) {
            raw("(");
            for (long v : values) {
                number(v);
            }
            raw("t");
        }

        /// A row-major tensor that fills the storage `key`.
        void tensor(int key, StateDict.Entry entry) {
            String type = TorchObjects.storageName(entry.dtype());
            boolean typed = !type.isEmpty();
            raw("ctorch._utils\n" + (typed ? "_rebuild_tensor_v2\n((" : "_rebuild_tensor_v3\n(("));
            text("storage");
            raw(typed ? "ctorch\n" + type + "\n" : "ctorch.storage\nUntypedStorage\n");
            text(String.valueOf(key));
            text("cpu");
            number(typed ? entry.bytes() / entry.dtype().bytes() : entry.bytes());
            raw("tQK\0");
            numbers(entry.shape());
            numbers(strides(entry.shape()));
            raw("\u0089ccollections\nOrderedDict\n)R");
            if (!typed) {
                raw("ctorch\n" + TorchObjects.torchName(entry.dtype()) + "\n");
            }
            raw("tR");
        }

        private static long[] strides(long[] shape) {
            var strides = new long[shape.length];
            long step = 1;
            for (int i = shape.length - 1; i >= 0; i--) {
                strides[i] = step;
                step *= Math.max(1, shape[i]);
            }
            return strides;
        }

        private void littleEndian(long value, int bytes) {
            for (int i = 0; i < bytes; i++) {
                out.write((int) (value >>> (8 * i)));
            }
        }

        private void raw(String instructions) {
            out.writeBytes(instructions.getBytes(StandardCharsets.ISO_8859_1));
        }
    }
}
