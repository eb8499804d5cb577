package org.dit4j.text;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.TensorScope;

/// The states that the blocks of an encoder hand on, of which only those asked for stay in memory.
///
/// @param last what the last block hands on, `[B, N, D]`
/// @param kept by the number of the layer
record LayerStates(Tensor last, Map<Integer, Tensor> kept) {
    /// A block of the network.
    @FunctionalInterface
    interface Block {
        /// Applies block `i`, counted from 0, to `[B, N, D]`.
        Tensor forward(int i, Tensor x);
    }

    /// Feeds `x` through the blocks, each in a scope of its own. Runs inside the scope of the
    /// encoding, which `x` belongs to.
    static LayerStates through(Tensor x, int depth, Set<Integer> wanted, Block block) {
        for (int layer : wanted) {
            ConfigException.require(
                    layer >= 0 && layer <= depth,
                    "a layer must be in [0, %d] but is %d",
                    depth,
                    layer);
        }
        var kept = new LinkedHashMap<Integer, Tensor>();
        Tensor h = x;
        for (int i = 0; i < depth; i++) {
            int at = i;
            Tensor in = h;
            h = TensorScope.compute(() -> block.forward(at, in));
            if (wanted.contains(i)) {
                kept.put(i, in);
            } else {
                in.close();
            }
        }
        if (wanted.contains(depth)) {
            kept.put(depth, h);
        }
        return new LayerStates(h, kept);
    }

    /// Returns these states with another last layer, where the final norm belongs to it.
    LayerStates withLast(Tensor normed) {
        var all = new LinkedHashMap<>(kept);
        all.replaceAll((layer, x) -> x == last ? normed : x);
        return new LayerStates(normed, all);
    }
}
