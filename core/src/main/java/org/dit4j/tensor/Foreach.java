package org.dit4j.tensor;

import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/// Operators over whole lists of tensors: one call for all parameters of a network instead of one
/// each.
public final class Foreach {
    private Foreach() {}

    /// One step of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), in place, as
    /// `torch.optim.AdamW(fused=True)`.
    ///
    /// @param parameters the weights
    /// @param gradients their gradients
    /// @param means first moments
    /// @param squares second moments
    /// @param step number of this step, from 1
    public static void adamW_(
            List<Tensor> parameters,
            List<Tensor> gradients,
            List<Tensor> means,
            List<Tensor> squares,
            long step,
            double lr,
            double beta1,
            double beta2,
            double eps,
            double weightDecay) {
        try (var _ = TensorScope.open()) {
            Tensor count = Ops.on(Tensors.scalar(step), parameters.getFirst());
            List<Tensor> steps = Collections.nCopies(parameters.size(), count);
            Dispatch.call(
                    "aten::_fused_adamw_",
                    "",
                    parameters,
                    gradients,
                    means,
                    squares,
                    List.of(),
                    steps,
                    lr,
                    beta1,
                    beta2,
                    weightDecay,
                    eps,
                    false,
                    false,
                    null,
                    null);
        }
    }

    /// Moves the averages towards the values: `average = decay * average + (1 - decay) * value`, in
    /// place.
    public static void average_(List<Tensor> averages, List<Tensor> values, double decay) {
        try (var _ = TensorScope.open()) {
            Dispatch.call("aten::_foreach_mul_", "Scalar", averages, decay);
            Dispatch.call("aten::_foreach_add_", "List", averages, values, 1 - decay);
        }
    }

    /// Returns the Euclidean norm over all elements of all tensors, float32 without axes.
    public static Tensor norm(List<Tensor> tensors) {
        try (var scope = TensorScope.open()) {
            Tensor[] squares = tensors.stream().map(t -> t.mul(t).sum()).toArray(Tensor[]::new);
            return scope.promote(
                    org.bytedeco
                            .pytorch
                            .global
                            .torch
                            .stack(new TensorVector(squares))
                            .sum()
                            .sqrt());
        }
    }

    /// Multiplies all tensors by `factor`, in place.
    public static void mul_(List<Tensor> tensors, double factor) {
        try (var _ = TensorScope.open()) {
            Dispatch.call("aten::_foreach_mul_", "Scalar", tensors, factor);
        }
    }
}
