package org.dit4j.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.QuantizedKind;
import org.dit4j.tensor.TrialWeight;

/// The matrices of a network that can be quantized and restored while it is in memory, to find out
/// what that costs. They come in when the network is loaded ([LoadOptions#withTrials]).
public final class QuantizationTrials {
    /// A matrix of the network.
    ///
    /// @param names of what it is made of in the file
    /// @param weight what computes with it, as long as the network lives
    /// @param plain bytes in the file as it is
    /// @param quantized bytes in the file once it is quantized
    public record Matrix(List<String> names, TrialWeight weight, long plain, long quantized) {}

    private final Path folder;
    private final QuantizedKind kind;
    private final Predicate<String> chosen;
    private final List<Matrix> matrices = new ArrayList<>();

    /// Trials of the network in a folder; others that are loaded with the same options, such as
    /// text encoders, stay as they are.
    ///
    /// @param chosen which of the file's matrices to try, if the kind allows it
    public QuantizationTrials(Path folder, QuantizedKind kind, Predicate<String> chosen) {
        this.folder = folder;
        this.kind = kind;
        this.chosen = chosen;
    }

    /// Returns the matrices that have come in, in the order of the network: none before it was
    /// loaded, which may happen at its first use.
    public List<Matrix> matrices() {
        return List.copyOf(matrices);
    }

    /// Returns the tensors with the chosen ones marked. The result takes `dict` over.
    StateDict prepared(StateDict dict) {
        if (!dict.file().startsWith(folder)) {
            return dict;
        }
        return dict.remade(this::marked).changed(Map.of(), List.of(dict.handOver()));
    }

    private StateDict marked(StateDict dict) {
        var items = new LinkedHashMap<String, StateDict.Item>();
        for (String name : dict.names()) {
            StateDict.Item item = dict.item(name);
            boolean tried = chosen.test(name) && Quantization.fits(name, item.entry(), kind);
            items.put(name, tried ? new QuantizedItem.Trial(name, kind, item) : item);
        }
        return dict.replaced(items, this::marked);
    }

    /// Returns the weight that computes with a matrix of the network.
    ///
    /// @param matrix borrowed
    TrialWeight add(QuantizedItem item, Tensor matrix) {
        var weight = new TrialWeight(kind, matrix);
        long quantized = item.parts().values().stream().mapToLong(p -> p.entry().bytes()).sum();
        matrices.add(new Matrix(item.names(), weight, item.entry().bytes(), quantized));
        return weight;
    }
}
