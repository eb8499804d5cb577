package org.dit4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Foreach;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// AdamW with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101), all parameters
/// in one call.
///
/// Not thread-safe. Its moments are part of the state that a resumed run continues from.
public final class AdamW implements Optimizer {
    /// The numbers that stay the same over all steps.
    ///
    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param eps added to the root of the second moment
    /// @param weightDecay decoupled decay, times the learning rate
    public record Options(double beta1, double beta2, double eps, double weightDecay) {
        /// `torch.optim.AdamW` as DiT's `train.py` uses it.
        public static final Options DIT = new Options(0.9, 0.999, 1e-8, 0);
    }

    private final Options options;
    private final Map<String, Tensor> weights;
    private final Map<String, Tensor> means = new LinkedHashMap<>();
    private final Map<String, Tensor> squares = new LinkedHashMap<>();
    private long step;

    /// Starts with zero moments.
    public AdamW(Parameters parameters, Options options) {
        this(parameters.trained(), options);
    }

    /// Starts with zero moments for some of the parameters.
    ///
    /// @param weights by name; trained ones
    AdamW(Map<String, Tensor> weights, Options options) {
        this.options = options;
        this.weights = weights;
        weights.forEach((name, w) -> {
            means.put(name, Optimizer.zeros(w));
            squares.put(name, Optimizer.zeros(w));
        });
    }

    @Override
    public Map<String, Tensor> weights() {
        return weights;
    }

    @Override
    public void step(double learningRate) {
        step++;
        try (var _ = TensorScope.open()) {
            var w = new ArrayList<Tensor>();
            var g = new ArrayList<Tensor>();
            var m = new ArrayList<Tensor>();
            var v = new ArrayList<Tensor>();
            weights.forEach((name, weight) -> {
                Tensor gradient = weight.grad();
                if (gradient.defined()) {
                    w.add(weight);
                    g.add(gradient);
                    m.add(means.get(name));
                    v.add(squares.get(name));
                }
            });
            if (w.isEmpty()) {
                return;
            }
            Ops.noGrad(() -> {
                Foreach.adamW_(
                        w,
                        g,
                        m,
                        v,
                        step,
                        learningRate,
                        options.beta1,
                        options.beta2,
                        options.eps,
                        options.weightDecay);
                g.forEach(Tensor::zero_);
                return 0;
            });
        }
    }

    @Override
    public void save(Map<String, Tensor> state) {
        means.forEach((name, m) -> state.put("exp_avg." + name, m));
        squares.forEach((name, v) -> state.put("exp_avg_sq." + name, v));
    }

    @Override
    public void restore(StateDict state, long steps) {
        step = steps;
        means.forEach((name, m) -> m.copy_(state.tensor("exp_avg." + name)));
        squares.forEach((name, v) -> v.copy_(state.tensor("exp_avg_sq." + name)));
    }

    @Override
    public void close() {
        means.values().forEach(Tensor::close);
        squares.values().forEach(Tensor::close);
    }
}
