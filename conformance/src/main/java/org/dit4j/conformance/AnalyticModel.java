package org.dit4j.conformance;

import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// The network that stands in for a denoiser in the sampler and loss cases
/// (`values.model_formula`):
///
/// ```
/// model(x, t, y)[n,o,...] = sum_c W[o,c] x[n,c,...] + sum_c V[o,c] tanh(x[n,c,...] + 0.3)
///                           + U[o] sin(k t[n]) + b[o]  (+ E[y[n],o] if y is given)
/// ```
///
/// Differentiable in its weights and in x.
///
/// @param w `[O, C]`
/// @param v `[O, C]`
/// @param u `[O]`
/// @param b `[O]`
/// @param e `[classes, O]` or null
/// @param k frequency of the time term
public record AnalyticModel(Tensor w, Tensor v, Tensor u, Tensor b, @Nullable Tensor e, double k) {
    /// Reads the weights `in.<name>.W` and so on of a case; borrowed from the case.
    ///
    /// @param name `model`, `model1`, `model_velocity` and the like
    public static AnalyticModel of(ReferenceCase c, String name) {
        String prefix = "in." + name + ".";
        return new AnalyticModel(
                c.tensor(prefix + "W"),
                c.tensor(prefix + "V"),
                c.tensor(prefix + "U"),
                c.tensor(prefix + "b"),
                c.has(prefix + "E") ? c.tensor(prefix + "E") : null,
                c.value(prefix + "k").asDouble());
    }

    /// Returns a copy whose weights record gradients.
    public AnalyticModel trainable() {
        return new AnalyticModel(leaf(w), leaf(v), leaf(u), leaf(b), e == null ? null : leaf(e), k);
    }

    /// Returns the weights in the order W, V, U, b, E (E only if there is one), for their
    /// gradients.
    public List<Tensor> parameters() {
        return e == null ? List.of(w, v, u, b) : List.of(w, v, u, b, e);
    }

    /// Returns the names of [#parameters]: `W`, `V`, `U`, `b`, `E`.
    public List<String> names() {
        return Stream.of("W", "V", "U", "b", "E").limit(parameters().size()).toList();
    }

    /// Evaluates the formula.
    ///
    /// @param x `[N, C, ...]`
    /// @param t any type, `[N]` or a single number for all of the batch
    /// @param y int64 `[N]`, or null for a model without labels
    /// @return `[N, O, ...]`
    public Tensor predict(Tensor x, Tensor t, @Nullable Tensor y) {
        Tensor flat = x.flatten(2, -1); // [N, C, S]
        Tensor mixed = w.matmul(flat).add(v.matmul(Ops.add(flat, 0.3).tanh())); // [N, O, S]
        Tensor time = Ops.mul(Ops.to(t, Dtype.FLOAT32), k).sin().reshape(-1, 1); // [N, 1]
        Tensor bias = time.mul(u).add(b); // [N, O]
        if (y != null && e != null) {
            bias = bias.add(Ops.embedding(e, y));
        }
        long[] shape = Shapes.of(x);
        shape[1] = w.size(0);
        return mixed.add(bias.unsqueeze(-1)).reshape(shape);
    }

    private static Tensor leaf(Tensor t) {
        return t.detach().clone().requires_grad_(true);
    }
}
