package org.dit4j.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;

/// A file in memory: mapped, read only, of any size.
///
/// @param path for messages
/// @param arena closing it unmaps
/// @param bytes the whole file
record MappedFile(Path path, Arena arena, MemorySegment bytes) implements AutoCloseable {
    /// Maps `path`.
    @SuppressWarnings("MustBeClosedChecker") // the record owns the arena
    static MappedFile open(Path path) {
        Arena arena = Arena.ofShared();
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new MappedFile(
                    path,
                    arena,
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw CheckpointException.io("read", path, e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    /// A row-major tensor whose bytes lie in the file.
    ///
    /// @param entry type and shape
    /// @param data its bytes
    record Slice(StateDict.Entry entry, MemorySegment data) implements StateDict.Item {
        @Override
        public boolean mapped() {
            return data.address() % entry.dtype().bytes() == 0;
        }

        @Override
        public Tensor read() {
            Dtype dtype = entry.dtype();
            return mapped()
                    ? Tensors.view(data, dtype, entry.shape())
                    : Tensors.copyOf(data, dtype, entry.shape());
        }

        @Override
        public void unload() {
            if (data.isMapped() && data.byteSize() > 0) {
                data.unload();
            }
        }
    }
}
