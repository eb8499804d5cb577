package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// A pointwise nonlinearity.
public enum Activation {
    /// `x sigmoid(x)`.
    SILU,
    /// `max(x, 0)`.
    RELU,
    /// `x Phi(x)`, exact.
    GELU,
    /// GELU in the tanh approximation.
    GELU_TANH,
    /// `x sigmoid(1.702 x)`.
    QUICK_GELU,
    /// `x tanh(softplus(x))`.
    MISH;

    /// Applies it element by element.
    public Tensor forward(Tensor x) {
        return switch (this) {
            case SILU -> Ops.silu(x);
            case RELU -> Ops.relu(x);
            case GELU -> Ops.gelu(x);
            case GELU_TANH -> Ops.geluTanh(x);
            case QUICK_GELU -> x.mul(Ops.mul(x, 1.702).sigmoid());
            case MISH -> Ops.mish(x);
        };
    }

    /// Applies it to a tensor that nobody needs any more, in its own memory where nothing is
    /// recorded for gradients.
    public Tensor consume(Tensor x) {
        return this == SILU && !Ops.isGradEnabled() ? Ops.silu_(x) : forward(x);
    }
}
