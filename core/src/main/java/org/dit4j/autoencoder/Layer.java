package org.dit4j.autoencoder;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Activation;
import org.dit4j.nn.GroupNorm;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// A part of an encoder or decoder: `[B, C, H, W]` to `[B, C', H', W']`.
@FunctionalInterface
interface Layer {
    /// Applies the layer; `x` is borrowed, the result belongs to the caller's scope.
    Tensor forward(Tensor x);

    /// Applies layers one after the other. Unless gradients are recorded, each result is freed as
    /// soon as the next one is there.
    static Tensor chain(Tensor x, List<Layer> layers) {
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(x, layers, (h, layer) -> layer.forward(h));
        }
        Tensor h = x;
        for (Layer layer : layers) {
            h = layer.forward(h);
        }
        return h;
    }

    /// Returns a norm with the nonlinearity behind it.
    static Layer normed(GroupNorm norm, Activation activation) {
        return x -> activation.consume(norm.forward(x));
    }
}
