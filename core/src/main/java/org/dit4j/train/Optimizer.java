package org.dit4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Foreach;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Moves weights along their gradients. What it remembers from step to step is part of the state
/// that a resumed run continues from.
///
/// Not thread-safe.
public interface Optimizer extends AutoCloseable {
    /// Which one a run takes.
    enum Kind {
        /// See [org.dit4j.train.AdamW].
        @JsonProperty("adamw")
        ADAMW {
            @Override
            Optimizer of(Parameters parameters, AdamW.Options options) {
                return new AdamW(parameters, options);
            }
        },
        /// See [org.dit4j.train.Muon].
        @JsonProperty("muon")
        MUON {
            @Override
            Optimizer of(Parameters parameters, AdamW.Options options) {
                return new Muon(parameters, options);
            }
        };

        abstract Optimizer of(Parameters parameters, AdamW.Options options);
    }

    /// Returns the trained weights by name. Borrowed.
    Map<String, Tensor> weights();

    /// Moves the weights by one step and clears the gradients; a weight without a gradient stays.
    void step(double learningRate);

    /// Adds what it remembers to a state to be saved.
    void save(Map<String, Tensor> state);

    /// Goes on from a saved state.
    ///
    /// @param steps number of steps made so far
    void restore(StateDict state, long steps);

    @Override
    void close();

    /// Returns the gradients, one for each trained weight, in order. Borrowed.
    default Map<String, Tensor> gradients() {
        var gradients = new LinkedHashMap<String, Tensor>();
        weights().forEach((name, w) -> gradients.put(name, w.grad()));
        return gradients;
    }

    /// Scales the gradients so that their common norm is at most `max` (0: no limit), as
    /// `clip_grad_norm_`.
    ///
    /// @return the norm before
    default double clip(double max) {
        try (var _ = TensorScope.open()) {
            List<Tensor> gradients = gradients().values().stream().filter(Tensor::defined).toList();
            double norm = Ops.item(Foreach.norm(gradients));
            if (max > 0 && norm > max) {
                Foreach.mul_(gradients, max / (norm + 1e-6));
            }
            return norm;
        }
    }

    /// Returns zeros like a weight, which belong to no scope.
    static Tensor zeros(Tensor w) {
        return Ops.noGrad(() -> TensorScope.keep(w.detach().clone().zero_()));
    }
}
