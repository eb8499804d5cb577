package org.dit4j.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.QuantizedKind;
import org.dit4j.tensor.QuantizedMatrix;
import org.dit4j.tensor.TensorScope;

/// A matrix in small whole numbers. To whoever does not ask for them it is a plain tensor of the
/// numbers that they stand for, so key maps and adapters work on it as on any other.
sealed interface QuantizedItem extends StateDict.Item {
    /// Returns how it is stored.
    QuantizedKind kind();

    /// Returns the small numbers, in the innermost scope.
    QuantizedMatrix matrix();

    /// Returns whether [#matrix] views the file.
    boolean partsMapped();

    /// Returns what the matrices are called in the file that are rounded only for a trial.
    default List<String> names() {
        return List.of();
    }

    @Override
    default boolean mapped() {
        return false;
    }

    @Override
    default Tensor read() {
        return TensorScope.compute(() -> Ops.to(matrix().dequantized(), entry().dtype()));
    }

    /// Returns the tensors that it is stored as, by what their names add to its own.
    default Map<String, StateDict.Item> parts() {
        var parts = new LinkedHashMap<String, StateDict.Item>();
        long[] shape = entry().shape();
        kind().parts(shape[0], shape[1])
                .forEach((name, layout) -> parts.put(name, new Part(this, name, layout)));
        return parts;
    }

    private static StateDict.Entry entry(Dtype dtype, long rows, long columns) {
        return new StateDict.Entry(
                dtype, new long[] {rows, columns}, rows * columns * dtype.bytes());
    }

    /// A matrix as a file has it.
    record Stored(QuantizedKind kind, StateDict.Entry entry, Map<String, StateDict.Item> parts)
            implements QuantizedItem {
        /// @param out rows
        /// @param in columns
        static Stored of(QuantizedKind kind, long out, long in, Map<String, StateDict.Item> parts) {
            return new Stored(kind, QuantizedItem.entry(Dtype.FLOAT32, out, in), parts);
        }

        @Override
        public QuantizedMatrix matrix() {
            var tensors = new LinkedHashMap<String, Tensor>();
            parts.forEach((name, item) -> tensors.put(name, item.read()));
            return kind.of(tensors);
        }

        @Override
        public boolean partsMapped() {
            return parts.values().stream().anyMatch(StateDict.Item::mapped);
        }

        @Override
        public void unload() {
            parts.values().forEach(StateDict.Item::unload);
        }
    }

    /// A matrix that is rounded when it is read.
    record Rounded(QuantizedKind kind, StateDict.Item whole) implements QuantizedItem {
        @Override
        public StateDict.Entry entry() {
            return whole.entry();
        }

        @Override
        public QuantizedMatrix matrix() {
            return kind.quantize(whole.read());
        }

        @Override
        public boolean partsMapped() {
            return false;
        }

        @Override
        public void unload() {
            whole.unload();
        }
    }

    /// A matrix that is read as it is, but may be rounded for a trial.
    record Trial(String name, QuantizedKind kind, StateDict.Item whole) implements QuantizedItem {
        @Override
        public List<String> names() {
            return List.of(name);
        }

        @Override
        public StateDict.Entry entry() {
            return whole.entry();
        }

        @Override
        public boolean mapped() {
            return whole.mapped();
        }

        @Override
        public Tensor read() {
            return whole.read();
        }

        @Override
        public QuantizedMatrix matrix() {
            return kind.quantize(whole.read());
        }

        @Override
        public boolean partsMapped() {
            return false;
        }

        @Override
        public void unload() {
            whole.unload();
        }
    }

    /// Matrices one below the other.
    record Joined(List<QuantizedItem> items) implements QuantizedItem {
        @Override
        public List<String> names() {
            return items.stream().flatMap(i -> i.names().stream()).toList();
        }

        @Override
        public Tensor read() {
            return TensorScope.compute(() ->
                    Ops.cat(0, items.stream().map(StateDict.Item::read).toArray(Tensor[]::new)));
        }

        @Override
        public QuantizedKind kind() {
            return items.getFirst().kind();
        }

        @Override
        public StateDict.Entry entry() {
            StateDict.Entry first = items.getFirst().entry();
            long rows = items.stream().mapToLong(i -> i.entry().shape()[0]).sum();
            return QuantizedItem.entry(first.dtype(), rows, first.shape()[1]);
        }

        @Override
        public QuantizedMatrix matrix() {
            return kind().join(items.stream().map(QuantizedItem::matrix).toList());
        }

        @Override
        public boolean partsMapped() {
            return false;
        }

        @Override
        public void unload() {
            items.forEach(StateDict.Item::unload);
        }
    }

    /// One of the tensors of a matrix.
    record Part(QuantizedItem whole, String name, QuantizedKind.Layout layout)
            implements StateDict.Item {
        @Override
        public StateDict.Entry entry() {
            return QuantizedItem.entry(layout.dtype(), layout.rows(), layout.columns());
        }

        @Override
        public boolean mapped() {
            return false;
        }

        @Override
        public Tensor read() {
            return TensorScope.compute(() -> whole.matrix().part(name).contiguous());
        }

        @Override
        public void unload() {
            whole.unload();
        }
    }
}
