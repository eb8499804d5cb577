package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.dit4j.tensor.Dtype;

/// What the pickle of a PyTorch archive may name: storages, the functions that make tensors of
/// them, and plain containers. Every other name is refused before anything is made of it.
///
/// The forms are those of pytorch/pytorch `torch/_utils.py` and `torch/serialization.py` (`_save`).
final class TorchObjects implements Pickle.World {
    /// Copying out a tensor that repeats few numbers (stride 0) must not fill the memory.
    private static final long MAX_EXPANDED = 16 << 20;

    /// The functions that are known.
    private enum Function {
        MAP,
        LIST,
        BYTES,
        ENCODE,
        PATH,
        NAMESPACE,
        SIZE,
        DEVICE,
        TENSOR,
        TENSOR_WITH_DTYPE,
        PARAMETER,
        TYPED
    }

    /// A class that is only mentioned.
    private record Type(String name) {}

    /// A kind of storage; `torch.storage.UntypedStorage` counts in bytes.
    private record StorageType(Dtype dtype) {}

    /// The numbers behind one or more tensors.
    private record Storage(String key, Dtype dtype, MemorySegment data) {}

    /// `argparse.Namespace`.
    record Namespace(Map<Object, Object> fields) {}

    private static final Map<String, Object> GLOBALS = globals();

    private final String where;
    private final String root;
    private final ByteBuffer pickle;
    private final ZipArchive zip;
    private final long fileBytes;
    private final IdentityHashMap<Object, Map<?, ?>> attributes = new IdentityHashMap<>();

    /// @param where the file, for messages
    /// @param root folder within the archive
    TorchObjects(String where, String root, ByteBuffer pickle, ZipArchive zip, long fileBytes) {
        this.where = where;
        this.root = root;
        this.pickle = pickle;
        this.zip = zip;
        this.fileBytes = fileBytes;
    }

    private static Map<String, Object> globals() {
        Map<String, Object> known = new LinkedHashMap<>();
        put(known, Function.MAP, "collections.OrderedDict", "collections.defaultdict");
        put(known, Function.LIST, "builtins.set", "__builtin__.set", "builtins.frozenset");
        put(known, Function.BYTES, "builtins.bytes", "__builtin__.bytes", "builtins.bytearray");
        put(known, Function.ENCODE, "_codecs.encode");
        put(known, Function.PATH, "pathlib.PosixPath", "pathlib.WindowsPath");
        put(known, Function.PATH, "pathlib._local.PosixPath", "pathlib._local.WindowsPath");
        put(known, Function.NAMESPACE, "argparse.Namespace", "types.SimpleNamespace");
        put(known, Function.SIZE, "torch.Size");
        put(known, Function.DEVICE, "torch.device");
        put(known, Function.TENSOR, "torch._utils._rebuild_tensor");
        put(known, Function.TENSOR, "torch._utils._rebuild_tensor_v2");
        put(known, Function.TENSOR_WITH_DTYPE, "torch._utils._rebuild_tensor_v3");
        put(known, Function.PARAMETER, "torch._utils._rebuild_parameter");
        put(known, Function.PARAMETER, "torch._utils._rebuild_parameter_with_state");
        put(known, Function.TYPED, "torch._tensor._rebuild_from_type_v2");
        for (String name :
                List.of(
                        "torch.Tensor",
                        "torch.nn.parameter.Parameter",
                        "torch.nn.parameter.Buffer",
                        "builtins.int",
                        "builtins.list",
                        "builtins.dict",
                        "__builtin__.int",
                        "__builtin__.list",
                        "__builtin__.dict")) {
            known.put(name, new Type(name));
        }
        for (Dtype d : Dtype.values()) {
            String storage = storageName(d);
            if (!storage.isEmpty()) {
                known.put("torch." + storage, new StorageType(d));
            }
        }
        known.put("torch.storage.UntypedStorage", new StorageType(Dtype.UINT8));
        for (Dtype d : Dtype.values()) {
            known.put("torch." + torchName(d), d);
        }
        return Map.copyOf(known);
    }

    private static void put(Map<String, Object> known, Function function, String... names) {
        Arrays.stream(names).forEach(n -> known.put(n, function));
    }

    /// Returns the name of the storage class in `torch`, empty for types that have none.
    static String storageName(Dtype dtype) {
        return switch (dtype) {
            case FLOAT32 -> "FloatStorage";
            case FLOAT64 -> "DoubleStorage";
            case FLOAT16 -> "HalfStorage";
            case BFLOAT16 -> "BFloat16Storage";
            case INT64 -> "LongStorage";
            case INT32 -> "IntStorage";
            case INT16 -> "ShortStorage";
            case INT8 -> "CharStorage";
            case UINT8 -> "ByteStorage";
            case BOOL -> "BoolStorage";
            case FLOAT8_E4M3, FLOAT8_E5M2 -> "";
        };
    }

    /// Returns the name of the element type in `torch`.
    static String torchName(Dtype d) {
        return d == Dtype.FLOAT8_E4M3 ? "float8_e4m3fn" : d.torchName();
    }

    @Override
    public Object global(String module, String name) {
        String full = module + "." + name;
        Object known = GLOBALS.get(full);
        if (known != null) {
            return known;
        }
        String shown = SafetensorsHeader.shown(full);
        if (module.equals("torch")) {
            throw new CheckpointException(
                    "%s: %s is not a supported type of tensor data".formatted(where, shown));
        }
        throw new CheckpointException(
                ("%s: refused, for it names %s, which is code and not tensors; nothing of it was"
                                + " run (save a state_dict() instead of a whole Python object)")
                        .formatted(where, shown));
    }

    @Override
    public Object call(Object function, List<Object> args) {
        return switch (function) {
            case Function.MAP -> map(args);
            case Function.LIST -> args.isEmpty() ? new ArrayList<>() : arg(args, 0, List.class);
            case Function.BYTES -> args.isEmpty() ? new byte[0] : arg(args, 0, byte[].class);
            case Function.ENCODE ->
                    arg(args, 0, String.class).getBytes(StandardCharsets.ISO_8859_1);
            case Function.PATH ->
                    args.stream()
                            .filter(String.class::isInstance)
                            .map(String.class::cast)
                            .collect(Collectors.joining("/"));
            case Function.NAMESPACE -> new Namespace(new LinkedHashMap<>());
            case Function.SIZE -> arg(args, 0, Object.class);
            case Function.DEVICE -> new Type("torch.device");
            case Function.TENSOR -> tensor(args, arg(args, 0, Storage.class).dtype);
            case Function.TENSOR_WITH_DTYPE -> tensor(args, arg(args, 6, Dtype.class));
            case Function.PARAMETER -> arg(args, 0, TorchTensor.class);
            case Function.TYPED -> call(args.getFirst(), arg(args, 2, Pickle.Tuple.class).items());
            default -> throw failure("calls what is not a function");
        };
    }

    /// `OrderedDict()`, `defaultdict(list)`, or `OrderedDict([[key, value], ...])`.
    private Map<Object, Object> map(List<Object> args) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (args.size() == 1 && args.getFirst() instanceof List<?> pairs) {
            for (Object pair : pairs) {
                List<?> two = pair instanceof Pickle.Tuple t ? t.items() : (List<?>) pair;
                map.put(arg(two, 0, String.class), arg(two, 1, Object.class));
            }
        }
        return map;
    }

    @Override
    public void build(Object value, Object state) {
        if (value instanceof Namespace namespace && state instanceof Map<?, ?> fields) {
            namespace.fields.putAll(fields);
        }
        if (state instanceof Map<?, ?> fields
                && fields.get(TorchArchive.ATTRIBUTE) instanceof Map<?, ?> texts) {
            attributes.put(value, texts);
        }
        // the other attributes of values, such as `_metadata` of a state dict, are not needed
    }

    /// Returns what the pickle holds.
    Object read() {
        return Pickle.read(where, pickle, this);
    }

    /// Returns the texts that were stored with `value`.
    Map<?, ?> attributes(Object value) {
        return attributes.getOrDefault(value, Map.of());
    }

    /// `('storage', type, key, location, elements)`.
    @Override
    public Object persistent(Object id) {
        List<Object> args = id instanceof Pickle.Tuple t ? t.items() : List.of();
        if (args.size() < 5 || !args.getFirst().equals("storage")) {
            throw failure("refers to something that is not a storage");
        }
        Dtype dtype = arg(args, 1, StorageType.class).dtype;
        String key = arg(args, 2, String.class);
        MemorySegment data = zip.entries().get(root + "data/" + key);
        if (data == null) {
            throw failure("storage %s is missing".formatted(SafetensorsHeader.shown(key)));
        }
        OptionalLong bytes = Sizes.bytes(dtype, arg(args, 4, Long.class));
        if (bytes.isEmpty() || bytes.getAsLong() > data.byteSize()) {
            throw failure(
                    "storage %s should have %s elements of %s but has %d bytes"
                            .formatted(
                                    SafetensorsHeader.shown(key),
                                    args.get(4),
                                    dtype,
                                    data.byteSize()));
        }
        return new Storage(key, dtype, data.asSlice(0, bytes.getAsLong()));
    }

    /// `(storage, offset, size, stride, ...)`.
    private TorchTensor tensor(List<Object> args, Dtype dtype) {
        Storage storage = arg(args, 0, Storage.class);
        long offset = arg(args, 1, Long.class);
        long[] shape = longs(arg(args, 2, Pickle.Tuple.class));
        long[] strides = longs(arg(args, 3, Pickle.Tuple.class));
        var what = "tensor of storage " + SafetensorsHeader.shown(storage.key);
        OptionalLong bytes = Sizes.bytes(dtype, shape);
        if (bytes.isEmpty() || shape.length != strides.length) {
            throw failure(
                    "%s: shape %s with strides %s is impossible"
                            .formatted(what, Arrays.toString(shape), Arrays.toString(strides)));
        }
        long available = storage.data.byteSize() / dtype.bytes();
        long reach = bytes.getAsLong() == 0 ? 0 : reach(offset, shape, strides);
        if (offset < 0 || reach < 0 || reach > available) {
            throw failure(
                    "%s: shape %s, strides %s and offset %d lead out of its %d elements"
                            .formatted(
                                    what,
                                    Arrays.toString(shape),
                                    Arrays.toString(strides),
                                    offset,
                                    available));
        }
        if (bytes.getAsLong() > Math.max(fileBytes, MAX_EXPANDED)) {
            throw failure(
                    "%s: shape %s repeats its numbers to %d bytes, more than the file has"
                            .formatted(what, Arrays.toString(shape), bytes.getAsLong()));
        }
        return new TorchTensor(
                new StateDict.Entry(dtype, shape, bytes.getAsLong()),
                storage.data,
                bytes.getAsLong() == 0 ? 0 : offset,
                strides);
    }

    /// Returns one more than the last element a tensor touches, or -1 if that is out of range.
    private static long reach(long offset, long[] shape, long[] strides) {
        long last = offset;
        try {
            for (int i = 0; i < shape.length; i++) {
                if (strides[i] < 0) {
                    return -1;
                }
                last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, strides[i]));
            }
            return Math.addExact(last, 1);
        } catch (ArithmeticException e) {
            return -1;
        }
    }

    private long[] longs(Pickle.Tuple tuple) {
        var values = new long[tuple.items().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = arg(tuple.items(), i, Long.class);
        }
        return values;
    }

    private <T> T arg(List<?> args, int i, Class<T> type) {
        if (i >= args.size() || !type.isInstance(args.get(i))) {
            throw failure("argument %d of a function is not what it takes".formatted(i));
        }
        return type.cast(args.get(i));
    }

    private CheckpointException failure(String message) {
        return new CheckpointException("%s: %s".formatted(where, message));
    }
}
