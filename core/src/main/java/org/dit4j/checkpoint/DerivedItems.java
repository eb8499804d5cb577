package org.dit4j.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Tensors that are made of others when they are read.
final class DerivedItems {
    private DerivedItems() {}

    /// A tensor in memory, borrowed.
    record Held(Tensor tensor, StateDict.Entry entry) implements StateDict.Item {
        static Held of(Tensor x) {
            Dtype dtype = Dtype.of(x);
            return new Held(
                    x,
                    new StateDict.Entry(
                            dtype, org.dit4j.tensor.Shapes.of(x), x.numel() * dtype.bytes()));
        }

        @Override
        public boolean mapped() {
            return true;
        }

        @Override
        public Tensor read() {
            return tensor.detach();
        }

        @Override
        public void unload() {
            // its owner decides
        }
    }

    /// A tensor with another element type; whole numbers keep theirs.
    record Converted(String name, StateDict.Item item, Dtype dtype) implements StateDict.Item {
        @Override
        public StateDict.Entry entry() {
            StateDict.Entry e = item.entry();
            return changes()
                    ? new StateDict.Entry(
                            dtype, e.shape(), e.bytes() / e.dtype().bytes() * dtype.bytes())
                    : e;
        }

        private boolean changes() {
            return item.entry().dtype().isFloat() && item.entry().dtype() != dtype;
        }

        @Override
        public boolean mapped() {
            return !changes() && item.mapped();
        }

        @Override
        public Tensor read() {
            return changes() ? TensorScope.compute(() -> convert(item.read())) : item.read();
        }

        private Tensor convert(Tensor x) {
            Tensor y = Ops.to(x, dtype);
            if (dtype == Dtype.FLOAT16 && !Ops.isFinite(y) && Ops.isFinite(x)) {
                throw new CheckpointException(name + " has values beyond the range of float16");
            }
            return y;
        }

        @Override
        public void unload() {
            item.unload();
        }
    }

    /// Parts one after the other along the first axis.
    record Joined(String name, List<StateDict.Item> parts) implements StateDict.Item {
        /// Joins parts; those that one tensor was cut into give it back.
        static StateDict.Item of(String name, List<StateDict.Item> parts) {
            if (parts.getFirst() instanceof Part first && isCut(first.whole, parts)) {
                return first.whole;
            }
            var joined = new Joined(name, parts); // checks that they fit together
            return quantized(parts).map(StateDict.Item.class::cast).orElse(joined);
        }

        private static Optional<QuantizedItem> quantized(List<StateDict.Item> parts) {
            var matrices = new ArrayList<QuantizedItem>();
            for (StateDict.Item part : parts) {
                if (!(part instanceof QuantizedItem q)
                        || !matrices.isEmpty() && matrices.getFirst().kind() != q.kind()) {
                    return Optional.empty();
                }
                matrices.add(q);
            }
            return Optional.of(new QuantizedItem.Joined(matrices));
        }

        private static boolean isCut(StateDict.Item whole, List<StateDict.Item> parts) {
            int at = 0;
            int all = 0;
            for (StateDict.Item item : parts) {
                if (!(item instanceof Part part) || part.whole != whole || part.from != at) {
                    return false;
                }
                at += part.shares;
                all = part.all;
            }
            return at == all;
        }

        Joined {
            StateDict.Entry first = parts.getFirst().entry();
            for (StateDict.Item part : parts) {
                StateDict.Entry e = part.entry();
                if (e.shape().length == 0
                        || e.dtype() != first.dtype()
                        || !Arrays.equals(tail(e.shape()), tail(first.shape()))) {
                    throw new CheckpointException(
                            "the parts of %s do not fit together: %s %s and %s %s"
                                    .formatted(
                                            name,
                                            first.dtype(),
                                            Arrays.toString(first.shape()),
                                            e.dtype(),
                                            Arrays.toString(e.shape())));
                }
            }
        }

        private static long[] tail(long[] shape) {
            return Arrays.copyOfRange(shape, Math.min(1, shape.length), shape.length);
        }

        @Override
        public StateDict.Entry entry() {
            StateDict.Entry first = parts.getFirst().entry();
            long[] shape = first.shape().clone();
            shape[0] = parts.stream().mapToLong(p -> p.entry().shape()[0]).sum();
            long bytes = parts.stream().mapToLong(p -> p.entry().bytes()).sum();
            return new StateDict.Entry(first.dtype(), shape, bytes);
        }

        @Override
        public boolean mapped() {
            return false;
        }

        @Override
        public Tensor read() {
            return TensorScope.compute(() -> {
                Tensor joined =
                        Ops.cat(0, parts.stream().map(StateDict.Item::read).toArray(Tensor[]::new));
                unload();
                return joined;
            });
        }

        @Override
        public void unload() {
            parts.forEach(StateDict.Item::unload);
        }
    }

    /// A part along the first axis, which is `all` equal shares long: `shares` of them behind the
    /// first `from`.
    record Part(String name, StateDict.Item whole, int from, int shares, int all)
            implements StateDict.Item {
        Part {
            long[] shape = whole.entry().shape();
            if (shape.length == 0 || shape[0] % all != 0) {
                throw new CheckpointException(
                        "%s of shape %s does not divide into %d parts"
                                .formatted(name, Arrays.toString(shape), all));
            }
        }

        @Override
        public StateDict.Entry entry() {
            long[] shape = whole.entry().shape().clone();
            shape[0] = shape[0] / all * shares;
            long bytes = whole.entry().bytes() / all * shares;
            return new StateDict.Entry(whole.entry().dtype(), shape, bytes);
        }

        @Override
        public boolean mapped() {
            return whole.mapped();
        }

        @Override
        public Tensor read() {
            long share = whole.entry().shape()[0] / all;
            return TensorScope.compute(() -> {
                Tensor part = whole.read().narrow(0, from * share, shares * share);
                return whole.mapped() ? part : part.clone();
            });
        }

        @Override
        public void unload() {
            whole.unload();
        }
    }

    /// Several copies of which one is read, after the others were compared with it.
    record Copies(String name, List<StateDict.Item> copies) implements StateDict.Item {
        @Override
        public StateDict.Entry entry() {
            return copies.getFirst().entry();
        }

        @Override
        public boolean mapped() {
            return copies.getFirst().mapped();
        }

        @Override
        public Tensor read() {
            try (var scope = TensorScope.open()) {
                Tensor first = copies.getFirst().read();
                for (StateDict.Item copy : copies.subList(1, copies.size())) {
                    if (!same(first, copy)) {
                        throw new CheckpointException(
                                name
                                        + ": the blocks hold different tensors, but this layout has"
                                        + " one for all of them");
                    }
                }
                return scope.promote(first);
            }
        }

        private boolean same(Tensor first, StateDict.Item copy) {
            try (var _ = TensorScope.open()) {
                return copy.entry().dtype() == entry().dtype()
                        && Arrays.equals(copy.entry().shape(), entry().shape())
                        && Tensors.data(first.contiguous())
                                        .mismatch(Tensors.data(copy.read().contiguous()))
                                < 0;
            }
        }

        @Override
        public void unload() {
            copies.forEach(StateDict.Item::unload);
        }
    }

    /// A weight with low-rank updates added, computed in float32.
    record Adapted(StateDict.Item base, List<LowRank> updates) implements StateDict.Item {
        @Override
        public StateDict.Entry entry() {
            return base.entry();
        }

        @Override
        public boolean mapped() {
            return false;
        }

        @Override
        public Tensor read() {
            return TensorScope.compute(() -> {
                Tensor sum = Ops.to(base.read(), Dtype.FLOAT32);
                for (LowRank update : updates) {
                    sum = sum.add(update.delta(entry().shape()));
                }
                base.unload();
                return Ops.to(sum, entry().dtype());
            });
        }

        @Override
        public void unload() {
            base.unload();
        }
    }
}
