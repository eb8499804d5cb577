package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;

/// Projects the text's states for [Wan]: linear, GELU (tanh), linear.
///
/// @param fc1 E to D
/// @param fc2 D to D
record WanText(Linear fc1, Linear fc2) {
    static WanText of(ParameterSource source, int given, int width) {
        Init init = Init.normal(0.02);
        return new WanText(
                source.linear("0", given, width, init), source.linear("2", width, width, init));
    }

    /// Projects `[B, L, E]` to `[B, L, D]`.
    Tensor forward(Tensor x) {
        return fc2.forward(fc1.geluTanh(x));
    }
}
