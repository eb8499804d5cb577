package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The GGUF format, versions 2 and 3 (ggml-org/ggml, `docs/gguf.md`), in which diffusion
/// transformers are shared in few bits. Read only, by memory mapping; numbers in blocks become
/// float32 when they are read.
final class Gguf {
    private Gguf() {}

    /// Opens one file.
    ///
    /// @throws CheckpointException naming the file and what is wrong with it
    static StateDict open(Path file) {
        MappedFile mapped = MappedFile.open(file);
        try {
            GgufHeader header = GgufHeader.read(file, mapped.bytes());
            Map<String, StateDict.Item> items = new LinkedHashMap<>();
            Map<GgufType, Integer> types = new TreeMap<>();
            header.spans()
                    .forEach((name, span) -> {
                        items.put(name, item(span, mapped.bytes()));
                        types.merge(span.type(), 1, Integer::sum);
                    });
            var metadata = new LinkedHashMap<>(header.metadata());
            metadata.put("tensors", types.toString());
            return new StateDict(file, items, metadata, List.of(mapped));
        } catch (RuntimeException e) {
            mapped.close();
            throw e;
        }
    }

    private static StateDict.Item item(GgufHeader.Span span, MemorySegment file) {
        MemorySegment data = file.asSlice(span.begin(), span.bytes());
        Dtype dtype =
                switch (span.type()) {
                    case F16 -> Dtype.FLOAT16;
                    case BF16 -> Dtype.BFLOAT16;
                    default -> Dtype.FLOAT32;
                };
        long count = LongStream.of(span.shape()).reduce(1, Math::multiplyExact);
        var entry =
                new StateDict.Entry(
                        dtype, span.shape(), Math.multiplyExact(count, (long) dtype.bytes()));
        return span.type().elements() == 1
                ? new MappedFile.Slice(entry, data)
                : new Blocks(span.type(), entry, data);
    }

    /// A tensor in blocks.
    ///
    /// @param data its blocks, in the file
    record Blocks(GgufType type, StateDict.Entry entry, MemorySegment data)
            implements StateDict.Item {
        private static final long PIECE = 1 << 12;

        @Override
        public boolean mapped() {
            return false;
        }

        @Override
        public Tensor read() {
            return TensorScope.compute(() -> {
                Tensor x = Tensors.zeros(Dtype.FLOAT32, entry.shape());
                MemorySegment to = Tensors.data(x);
                long blocks = data.byteSize() / type.bytes();
                LongStream.range(0, (blocks + PIECE - 1) / PIECE)
                        .parallel()
                        .forEach(p -> unpack(to, p * PIECE, Math.min(blocks, (p + 1) * PIECE)));
                return x;
            });
        }

        private void unpack(MemorySegment to, long from, long end) {
            var y = new float[type.elements()];
            for (long i = from; i < end; i++) {
                type.unpack(data, i * type.bytes(), y);
                MemorySegment.copy(
                        y, 0, to, ValueLayout.JAVA_FLOAT, i * y.length * Float.BYTES, y.length);
            }
        }

        @Override
        public void unload() {
            if (data.isMapped() && data.byteSize() > 0) {
                data.unload();
            }
        }
    }
}
