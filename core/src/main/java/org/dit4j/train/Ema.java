package org.dit4j.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Foreach;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// The exponential moving average of all weights, fixed tables included, as DiT's `train.py` keeps
/// it.
///
/// Not thread-safe.
public final class Ema implements AutoCloseable {
    private final Map<String, Tensor> live;
    private final Map<String, Tensor> averages = new LinkedHashMap<>();

    /// Starts as a copy of the weights.
    public Ema(Parameters parameters) {
        live = parameters.all();
        live.forEach((name, w) ->
                averages.put(name, Ops.noGrad(() -> TensorScope.keep(w.detach().clone()))));
    }

    /// Moves the averages: `decay * average + (1 - decay) * weight`.
    public void update(double decay) {
        Ops.noGrad(() -> {
            Foreach.average_(
                    new ArrayList<>(averages.values()), new ArrayList<>(live.values()), decay);
            return 0;
        });
    }

    /// Returns the averages by name. Borrowed.
    public Map<String, Tensor> weights() {
        return Collections.unmodifiableMap(averages);
    }

    /// Runs `body` while the network holds the averages, and puts the weights back exactly.
    public void during(Runnable body) {
        Ops.noGrad(() -> {
            try (var _ = TensorScope.open()) {
                List<Tensor> saved = live.values().stream().map(Tensor::clone).toList();
                copy(averages.values(), live.values());
                try {
                    body.run();
                } finally {
                    copy(saved, live.values());
                }
            }
            return 0;
        });
    }

    private static void copy(Iterable<Tensor> from, Iterable<Tensor> to) {
        var source = from.iterator();
        for (Tensor t : to) {
            t.copy_(source.next());
        }
    }

    /// Adds the averages to a state to be saved.
    public void save(Map<String, Tensor> state) {
        averages.forEach((name, a) -> state.put("ema." + name, a));
    }

    /// Goes on from a saved state.
    public void restore(StateDict state) {
        averages.forEach((name, a) -> a.copy_(state.tensor("ema." + name)));
    }

    @Override
    public void close() {
        averages.values().forEach(Tensor::close);
    }
}
