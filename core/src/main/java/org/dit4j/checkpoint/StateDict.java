package org.dit4j.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The named tensors of a checkpoint, read on demand from the memory-mapped file.
///
/// Safe for use by several threads until it is closed.
public final class StateDict implements AutoCloseable {
    /// What is known of a tensor without reading it.
    ///
    /// @param dtype element type
    /// @param shape sizes of the axes
    /// @param bytes size of its data
    public record Entry(Dtype dtype, long[] shape, long bytes) {}

    /// Where bytes go.
    @FunctionalInterface
    interface Bytes {
        /// Writes all of `part`.
        void write(ByteBuffer part) throws IOException;
    }

    /// One tensor in the file.
    interface Item {
        /// Returns what is known without reading.
        Entry entry();

        /// Returns whether [#read] gives a view of the file rather than a copy.
        boolean mapped();

        /// Returns the tensor, in the innermost scope.
        Tensor read();

        /// Hands the bytes of the tensor, row-major, to `out` piece by piece.
        default void write(Bytes out) throws IOException {
            try (var _ = TensorScope.open()) {
                if (entry().bytes() == 0) {
                    return;
                }
                MemorySegment data = Tensors.data(Ops.to(read(), Device.CPU).contiguous());
                for (long at = 0; at < data.byteSize(); at += CHUNK) {
                    out.write(
                            data.asSlice(at, Math.min(CHUNK, data.byteSize() - at)).asByteBuffer());
                }
            }
            unload();
        }

        /// Lets the system drop the file's pages from memory; a later read fetches them again.
        void unload();
    }

    /// How tensors came from others.
    ///
    /// @param from the others
    /// @param step makes such tensors of such others once more
    record Origin(StateDict from, UnaryOperator<StateDict> step) {}

    private static final long CHUNK = 64 << 20;

    private final Path file;
    private final Map<String, Item> items;
    private final Map<String, String> metadata;
    private final List<? extends AutoCloseable> owned;
    private final @Nullable Origin origin;
    private final Map<String, Tensor> borrowed = new HashMap<>();
    private boolean handedOver;
    private boolean closed;

    /// @param file for messages
    /// @param owned what to close in the end
    StateDict(
            Path file,
            Map<String, Item> items,
            Map<String, String> metadata,
            List<? extends AutoCloseable> owned) {
        this(file, items, metadata, owned, null);
    }

    private StateDict(
            Path file,
            Map<String, Item> items,
            Map<String, String> metadata,
            List<? extends AutoCloseable> owned,
            @Nullable Origin origin) {
        this.file = file;
        this.items = new LinkedHashMap<>(items);
        this.metadata = new LinkedHashMap<>(metadata);
        this.owned = owned;
        this.origin = origin;
    }

    /// Opens a `.safetensors` or `.gguf` file, the index of a sharded one
    /// (`.safetensors.index.json`), a file of `torch.save` (`.pt`, `.pth`, `.ckpt`, `.bin`), or the
    /// folder that holds one of these, as Hugging Face lays them out. Of a training checkpoint,
    /// these are the averaged weights `ema` if it has them, else `model`.
    ///
    /// @throws CheckpointException if there is none, it is damaged, or a file of `torch.save` names
    ///   a Python function that tensors do not need; nothing in it is ever executed
    public static StateDict open(Path fileOrFolder) {
        return CheckpointFiles.open(fileOrFolder, null);
    }

    /// Opens one set of weights of a training checkpoint in a file of `torch.save`.
    ///
    /// @param weights its key, such as `model` or `ema`
    /// @throws CheckpointException as [#open(Path)], and if there is no such key
    public static StateDict open(Path fileOrFolder, String weights) {
        return CheckpointFiles.open(fileOrFolder, weights);
    }

    /// Returns tensors in memory as a state dict, which borrows them.
    ///
    /// @param metadata see [#metadata]
    public static StateDict of(Map<String, Tensor> tensors, Map<String, String> metadata) {
        var items = new LinkedHashMap<String, Item>();
        tensors.forEach((name, x) -> items.put(name, DerivedItems.Held.of(x)));
        return new StateDict(Path.of("memory"), items, metadata, List.of());
    }

    /// Returns the same tensors with another floating-point type, converted when they are read;
    /// whole numbers keep theirs. The result takes this one over.
    public StateDict to(Dtype dtype) {
        var other = new LinkedHashMap<String, Item>();
        items.forEach(
                (name, item) -> other.put(name, new DerivedItems.Converted(name, item, dtype)));
        return replaced(other, d -> d.to(dtype));
    }

    /// Returns these tensors without one of them. The result takes this one over.
    public StateDict without(String name) {
        var other = new LinkedHashMap<>(items);
        other.remove(name);
        return replaced(other, d -> d.without(name));
    }

    /// Returns the tensors whose names start with `prefix`, without it. The result takes this one
    /// over.
    public StateDict below(String prefix) {
        var other = new LinkedHashMap<String, Item>();
        items.forEach((name, item) -> {
            if (name.startsWith(prefix)) {
                other.put(name.substring(prefix.length()), item);
            }
        });
        return replaced(other, d -> d.below(prefix));
    }

    /// Returns these tensors and one more in front, borrowed. The result takes this one over.
    public StateDict with(String name, Tensor x) {
        var other = new LinkedHashMap<String, Item>();
        other.put(name, DerivedItems.Held.of(x));
        other.putAll(items);
        return replaced(other, d -> d.with(name, x));
    }

    /// Returns the same tensors with other texts. The result takes this one over.
    public StateDict withMetadata(Map<String, String> texts) {
        return new StateDict(
                file,
                items,
                texts,
                List.of(handOver()),
                new Origin(this, d -> d.withMetadata(texts)));
    }

    /// Returns other tensors that take this one over.
    ///
    /// @param step how they are made of these, which may be done again with changed ones
    StateDict replaced(Map<String, Item> other, UnaryOperator<StateDict> step) {
        return new StateDict(file, other, metadata, List.of(handOver()), new Origin(this, step));
    }

    /// Returns these tensors with some of them changed; the result takes this one over and owns
    /// `resources`.
    ///
    /// @param changed the new tensors under their old names
    StateDict changed(
            Map<String, ? extends Item> changed, List<? extends AutoCloseable> resources) {
        var other = new LinkedHashMap<>(items);
        other.putAll(changed);
        var all = new ArrayList<AutoCloseable>(resources);
        all.add(handOver());
        return new StateDict(file, other, metadata, all);
    }

    /// Returns what these tensors were made of; nothing if they were read from a file or memory.
    Optional<Origin> origin() {
        return Optional.ofNullable(origin);
    }

    /// Returns these tensors made once more of other first ones, which were read from the file.
    ///
    /// @param change makes the other ones, and takes the first ones over
    StateDict remade(UnaryOperator<StateDict> change) {
        return origin == null ? change.apply(this) : origin.step.apply(origin.from.remade(change));
    }

    /// Returns the same tensors under other names, for checkpoints of another layout. The result
    /// takes this one over: closing it closes the file.
    ///
    /// @param name gives the new name for each old one
    /// @throws CheckpointException if two tensors come to have one name
    public StateDict renamed(UnaryOperator<String> name) {
        var other = new LinkedHashMap<String, Item>();
        items.forEach((old, item) -> {
            if (other.put(name.apply(old), item) != null) {
                throw new CheckpointException(
                        "%s: two tensors are %s".formatted(file, name.apply(old)));
            }
        });
        return replaced(other, d -> d.renamed(name));
    }

    /// Returns the names of all tensors in the order of the file.
    public Set<String> names() {
        return Collections.unmodifiableSet(items.keySet());
    }

    /// Returns whether there is a tensor of that name.
    public boolean has(String name) {
        return items.containsKey(name);
    }

    /// Returns type, shape and size of a tensor without reading it.
    ///
    /// @throws CheckpointException if there is no such tensor
    public Entry entry(String name) {
        return item(name).entry();
    }

    /// Returns a tensor that belongs to no scope, is read only, and lives until this is closed: a
    /// view of the file where its data is aligned, otherwise a copy.
    ///
    /// @throws CheckpointException if there is no such tensor
    public synchronized Tensor tensor(String name) {
        Tensor known = borrowed.get(name);
        if (known == null) {
            known = take(name);
            borrowed.put(name, known);
        }
        return known;
    }

    /// Returns the file's own key-value texts: the `__metadata__` of safetensors; of a training
    /// checkpoint the texts and numbers beside the weights, such as `args.model`.
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /// Returns the file or folder that this was opened from.
    public Path file() {
        return file;
    }

    /// Unmaps the file; every tensor handed out becomes invalid. Does nothing once a network has
    /// taken this over (see [Checkpoints#load]).
    @Override
    public synchronized void close() {
        if (!handedOver) {
            release();
        }
    }

    /// Returns a tensor that the caller owns; if [Item#mapped], it is valid until this is closed.
    synchronized Tensor take(String name) {
        if (closed) {
            throw new CheckpointException(file + " is closed");
        }
        try (var _ = TensorScope.open()) {
            return TensorScope.keep(item(name).read());
        }
    }

    Item item(String name) {
        Item item = items.get(name);
        if (item == null) {
            throw new CheckpointException("%s: there is no tensor \"%s\"".formatted(file, name));
        }
        return item;
    }

    /// Gives the duty to close to the receiver of the result; [#close] then does nothing.
    synchronized AutoCloseable handOver() {
        handedOver = true;
        return this::release;
    }

    synchronized void release() {
        if (closed) {
            return;
        }
        closed = true;
        borrowed.values().forEach(Tensor::close);
        borrowed.clear();
        for (AutoCloseable resource : owned) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new Dit4jException("could not close " + file, e);
            }
        }
    }
}
