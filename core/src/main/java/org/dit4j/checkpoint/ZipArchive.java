package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// The stored (not compressed) entries of a mapped zip file, each as a slice of the mapping.
///
/// The JDK's own reader does not say where in the file an entry lies, which memory mapping needs.
/// Layout after PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory),
/// 4.3.14 to 4.3.16 (ends) and 4.5.3 (64-bit sizes). Nothing is unpacked, so a small file cannot
/// become a large one.
///
/// @param entries by name, in the order of the directory
record ZipArchive(Map<String, MemorySegment> entries) {
    private static final ValueLayout.OfShort U16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int END_BYTES = 22;
    private static final int CENTRAL_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final long IN_EXTRA = 0xffff_ffffL;
    private static final int MAX_ENTRIES = 1_000_000;

    /// Returns whether `bytes` begin as zip files do.
    static boolean begins(MemorySegment bytes) {
        return bytes.byteSize() >= 4 && bytes.get(U32, 0) == LOCAL;
    }

    /// Finds all entries.
    ///
    /// @throws CheckpointException if an offset or a size leads out of the file, an entry is
    ///   compressed or encrypted, or two have one name
    static ZipArchive read(Path file, MemorySegment bytes) {
        return new ZipArchive(new Reader(file, bytes).entries());
    }

    /// @param file for messages
    private record Reader(Path file, MemorySegment bytes) {
        Map<String, MemorySegment> entries() {
            long end = end();
            long count = u16(end + 10);
            long size = u32(end + 12);
            long at = u32(end + 16);
            if (end >= 20 && u32(end - 20) == LOCATOR_64) {
                long end64 = u64(end - 12);
                require(u32(end64) == END_64, "its 64-bit directory is not where it should be");
                count = u64(end64 + 32);
                size = u64(end64 + 40);
                at = u64(end64 + 48);
            }
            require(count >= 0 && count <= MAX_ENTRIES, "%d entries are too many", count);
            MemorySegment directory = slice(at, size, "the directory");
            Map<String, MemorySegment> entries = new LinkedHashMap<>();
            var inside = new Reader(file, directory);
            long next = 0;
            for (long i = 0; i < count; i++) {
                next = inside.entry(next, this, entries);
            }
            return entries;
        }

        /// Returns where the end record begins: the last one, with at most a comment behind it.
        private long end() {
            long last = bytes.byteSize() - END_BYTES;
            for (long at = last; at >= Math.max(0, last - 0xffff); at--) {
                if (bytes.get(U32, at) == END
                        && at + END_BYTES + u16(at + 20) == bytes.byteSize()) {
                    return at;
                }
            }
            throw failure("truncated: the directory at the end of the zip file is missing");
        }

        /// Reads the entry at `at` of this directory and returns where the next one begins.
        private long entry(long at, Reader whole, Map<String, MemorySegment> entries) {
            require(u32(at) == CENTRAL, "its directory is damaged");
            int nameBytes = u16(at + 28);
            int extraBytes = u16(at + 30);
            String name =
                    new String(
                            slice(at + CENTRAL_BYTES, nameBytes, "a name")
                                    .toArray(ValueLayout.JAVA_BYTE),
                            StandardCharsets.UTF_8);
            String what = "entry \"" + SafetensorsHeader.shown(name) + "\"";
            require((u16(at + 8) & 1) == 0, "%s is encrypted", what);
            require(u16(at + 10) == 0, "%s is compressed; PyTorch stores its entries", what);
            var extra = new Extra(slice(at + CENTRAL_BYTES + nameBytes, extraBytes, what));
            // the order of the 64-bit fields: size, compressed size, offset
            long size = extra.resolve(u32(at + 24), this);
            long packed = extra.resolve(u32(at + 20), this);
            long local = extra.resolve(u32(at + 42), this);
            require(size == packed, "%s is %d bytes stored as %d", what, size, packed);
            MemorySegment data = whole.data(local, size, what);
            require(entries.put(name, data) == null, "there are two of %s", what);
            return at + CENTRAL_BYTES + nameBytes + extraBytes + u16(at + 32);
        }

        private MemorySegment data(long local, long size, String what) {
            require(u32(local) == LOCAL, "%s has no header at %d", what, local);
            return slice(local + LOCAL_BYTES + u16(local + 26) + u16(local + 28), size, what);
        }

        private MemorySegment slice(long at, long size, String what) {
            boolean inside = at >= 0 && size >= 0 && at <= bytes.byteSize() - size;
            if (!inside) {
                throw failure(
                        "truncated or damaged: %s (%s bytes at %s) lies beyond the %d bytes there"
                                .formatted(
                                        what,
                                        Long.toUnsignedString(size),
                                        Long.toUnsignedString(at),
                                        bytes.byteSize()));
            }
            return bytes.asSlice(at, size);
        }

        private int u16(long at) {
            return Short.toUnsignedInt(slice(at, 2, "a field").get(U16, 0));
        }

        private long u32(long at) {
            return Integer.toUnsignedLong(slice(at, 4, "a field").get(U32, 0));
        }

        private long u64(long at) {
            return slice(at, 8, "a field").get(U64, 0);
        }

        private void require(boolean rule, String message, Object... args) {
            if (!rule) {
                throw failure(message.formatted(args));
            }
        }

        private CheckpointException failure(String message) {
            return new CheckpointException(file + ": " + message);
        }
    }

    /// The extra field of an entry, whose 64-bit numbers stand for those that are all ones in the
    /// entry itself.
    private static final class Extra {
        private final MemorySegment bytes;
        private long at;

        Extra(MemorySegment extra) {
            MemorySegment found = MemorySegment.NULL;
            long next = 0;
            while (next + 4 <= extra.byteSize()) {
                int id = Short.toUnsignedInt(extra.get(U16, next));
                int size = Short.toUnsignedInt(extra.get(U16, next + 2));
                if (id == 1 && next + 4 + size <= extra.byteSize()) {
                    found = extra.asSlice(next + 4, size);
                }
                next += 4 + size;
            }
            bytes = found;
        }

        long resolve(long value, Reader reader) {
            if (value != IN_EXTRA) {
                return value;
            }
            reader.require(at + 8 <= bytes.byteSize(), "a 64-bit size is missing");
            at += 8;
            return bytes.get(U64, at - 8);
        }
    }
}
