package org.dit4j.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Int8Matrix;
import org.dit4j.tensor.QuantizedKind;

/// Stores the matrices of a network in small whole numbers.
///
/// A matrix `blocks.0.mlp.fc1.weight` is then int8 under its own name, with its scales beside it
/// under `blocks.0.mlp.fc1.weight_scale`; in 4 bits two numbers share a byte and
/// `blocks.0.mlp.fc1.weight_zero` holds the middles ([Int8Matrix], [org.dit4j.tensor.Int4Matrix]).
/// The names and the int8 form are those of the compressed-tensors format.
public final class Quantization {
    /// Where a configuration file says what has been quantized, for readers: the tensors tell it
    /// themselves.
    public static final String CONFIG = "quantization_config";

    private static final String WEIGHT = ".weight";
    private static final Pattern BLOCK =
            Pattern.compile("(.*[._])?(blocks|layers)\\.\\d+\\..*\\.weight");
    private static final Pattern SENSITIVE =
            Pattern.compile(
                    ".*(adaLN|modulation|norm|embed|_mod[._]|time|\\.router).*",
                    Pattern.CASE_INSENSITIVE);

    private Quantization() {}

    /// Returns whether a tensor is usually quantized: a matrix of a block that is applied to every
    /// token. Embeddings, modulations and the last layer are small or sensitive, and stay.
    public static boolean usual(String name) {
        return BLOCK.matcher(name).matches() && !SENSITIVE.matcher(name).matches();
    }

    /// Returns the tensors with those matrices rounded that `chosen` accepts and the kind allows.
    /// The result takes `dict` over.
    public static StateDict round(StateDict dict, QuantizedKind kind, Predicate<String> chosen) {
        var items = new LinkedHashMap<String, StateDict.Item>();
        for (String name : dict.names()) {
            StateDict.Item item = dict.item(name);
            boolean round = chosen.test(name) && fits(name, item.entry(), kind);
            items.put(name, round ? new QuantizedItem.Rounded(kind, item) : item);
        }
        return dict.replaced(items, d -> round(d, kind, chosen));
    }

    /// Returns whether a tensor is a matrix of weights that the kind allows.
    static boolean fits(String name, StateDict.Entry e, QuantizedKind kind) {
        return name.endsWith(WEIGHT)
                && e.shape().length == 2
                && e.dtype().isFloat()
                && kind.fits(e.shape()[0], e.shape()[1]);
    }

    /// Returns the names of the quantized matrices.
    public static Map<String, QuantizedKind> find(StateDict dict) {
        var kinds = new LinkedHashMap<String, QuantizedKind>();
        for (String name : dict.names()) {
            if (dict.item(name) instanceof QuantizedItem q) {
                kinds.put(name, q.kind());
            }
        }
        return kinds;
    }

    /// Returns the tensors as a file holds them: whole numbers and scales instead of what they
    /// stand for. The result takes `dict` over.
    public static StateDict stored(StateDict dict) {
        var items = new LinkedHashMap<String, StateDict.Item>();
        for (String name : dict.names()) {
            StateDict.Item item = dict.item(name);
            if (item instanceof QuantizedItem q) {
                q.parts().forEach((part, x) -> items.put(name + part, x));
            } else {
                items.put(name, item);
            }
        }
        return dict.replaced(items, Quantization::stored);
    }

    /// Finds the matrices that a file holds in whole numbers, by their types and shapes. The result
    /// takes `dict` over.
    ///
    /// @throws CheckpointException if there are scales whose matrix does not fit them
    static StateDict recognise(StateDict dict) {
        var items = new LinkedHashMap<String, StateDict.Item>();
        dict.names().forEach(name -> items.put(name, dict.item(name)));
        boolean any = false;
        for (String scale : dict.names()) {
            if (scale.endsWith(WEIGHT + Int8Matrix.SCALE)) {
                String name = scale.substring(0, scale.length() - Int8Matrix.SCALE.length());
                QuantizedItem.Stored matrix = stored(dict, name);
                matrix.parts().keySet().forEach(part -> items.remove(name + part));
                items.put(name, matrix);
                any = true;
            }
        }
        // not a step from other tensors: adapters must never be added to the whole numbers
        return any
                ? new StateDict(dict.file(), items, dict.metadata(), List.of(dict.handOver()))
                : dict;
    }

    private static QuantizedItem.Stored stored(StateDict dict, String name) {
        StateDict.Entry e = dict.has(name) ? dict.entry(name) : null;
        if (e != null && e.shape().length == 2) {
            for (QuantizedKind kind : QuantizedKind.values()) {
                long perByte = e.dtype() == Dtype.UINT8 ? 2 : 1;
                long out = e.shape()[0];
                long in = Math.multiplyExact(e.shape()[1], perByte);
                if (kind.fits(out, in) && fits(dict, name, kind.parts(out, in))) {
                    var parts = new LinkedHashMap<String, StateDict.Item>();
                    for (String part : kind.parts(out, in).keySet()) {
                        parts.put(part, dict.item(name + part));
                    }
                    return QuantizedItem.Stored.of(kind, out, in, parts);
                }
            }
        }
        throw new CheckpointException(
                ("%s: the scales of \"%s\" fit no known quantization: wanted int8 [out, in] with"
                                + " float32 [out, 1], or uint8 [out, in / 2] with bfloat16 [out,"
                                + " in / %d]")
                        .formatted(
                                dict.file(),
                                SafetensorsHeader.shown(name),
                                org.dit4j.tensor.Int4Matrix.GROUP));
    }

    private static boolean fits(
            StateDict dict, String name, Map<String, QuantizedKind.Layout> parts) {
        return parts.entrySet().stream()
                .allMatch(p -> {
                    if (!dict.has(name + p.getKey())) {
                        return false;
                    }
                    StateDict.Entry e = dict.entry(name + p.getKey());
                    QuantizedKind.Layout l = p.getValue();
                    return e.dtype() == l.dtype()
                            && java.util.Arrays.equals(
                                    e.shape(), new long[] {l.rows(), l.columns()});
                });
    }
}
