package org.dit4j.autoencoder;

import java.util.IdentityHashMap;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// What the layers of a video network remember from one chunk of a video to the next: the last
/// frames that they saw. So a video of any length needs the memory of one chunk.
final class FeatureCache implements AutoCloseable {
    private final IdentityHashMap<Object, Tensor> frames = new IdentityHashMap<>();

    /// Returns what `layer` remembers, nothing at the first chunk. Valid until its next
    /// [#remember].
    @Nullable Tensor recall(Object layer) {
        return frames.get(layer);
    }

    /// Lets `layer` remember a copy of `x` instead of what it remembered before.
    void remember(Object layer, Tensor x) {
        Tensor before = frames.put(layer, TensorScope.keep(x.clone()));
        if (before != null) {
            before.close();
        }
    }

    @Override
    public void close() {
        frames.values().forEach(Tensor::close);
        frames.clear();
    }
}
