package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;

/// How a parameter starts when a network is initialised rather than loaded.
@FunctionalInterface
public interface Init {
    /// Fills `w` in place.
    void fill(Tensor w, Rng rng);

    /// All zeros.
    static Init zeros() {
        return constant(0);
    }

    /// All ones.
    static Init ones() {
        return constant(1);
    }

    /// One number everywhere.
    static Init constant(double value) {
        return (w, rng) -> Ops.fill_(w, value);
    }

    /// Normal with mean 0.
    static Init normal(double std) {
        return (w, rng) -> rng.fillNormal(w, 0, std);
    }

    /// Uniform in [-bound, bound].
    static Init uniform(double bound) {
        return (w, rng) -> rng.fillUniform(w, -bound, bound);
    }

    /// Uniform in +-sqrt(6 / (fan in + fan out)) with all axes but the first as fan in (Glorot and
    /// Bengio 2010); kernels count as flattened matrices, as DiT initialises its patch embedding.
    static Init xavierUniform() {
        return (w, rng) -> {
            double bound = Math.sqrt(6.0 / (w.size(0) + w.numel() / (double) w.size(0)));
            rng.fillUniform(w, -bound, bound);
        };
    }

    /// Uniform in +-1/sqrt(fan in), with all axes but the first as fan in: PyTorch's default for
    /// the weights of linear and convolution layers.
    static Init torchDefault() {
        return (w, rng) -> {
            double bound = 1 / Math.sqrt(w.numel() / (double) w.size(0));
            rng.fillUniform(w, -bound, bound);
        };
    }
}
