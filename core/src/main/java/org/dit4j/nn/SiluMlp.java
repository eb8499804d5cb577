package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Linear, SiLU, linear: how conditions are projected.
///
/// @param fc1 in to hidden
/// @param fc2 hidden to out
public record SiluMlp(Linear fc1, Linear fc2) {
    /// Builds it from `0` and `2` below `source`, where PyTorch's `Sequential` puts them.
    ///
    /// @param init how both weights start
    public static SiluMlp of(ParameterSource source, long in, long hidden, long out, Init init) {
        return new SiluMlp(
                source.linear("0", in, hidden, init), source.linear("2", hidden, out, init));
    }

    /// Applies it to `[..., in]`.
    public Tensor forward(Tensor x) {
        return fc2.forward(Ops.silu(fc1.forward(x)));
    }
}
