package org.dit4j.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// What a ControlNet adds to the picture's tokens of [Flux] after its blocks (diffusers,
/// `transformer_flux.py`). Fewer tensors than blocks are spread over them.
///
/// @param blocks for the double blocks, each `[B, N, D]`
/// @param singles for the single blocks, each `[B, N, D]`
/// @param repeat whether the double blocks take `blocks` in turn instead of several in a row the
///   same
public record FluxResiduals(List<Tensor> blocks, List<Tensor> singles, boolean repeat) {
    /// Adds nothing.
    public static final FluxResiduals NONE = new FluxResiduals(List.of(), List.of(), false);

    /// Copies the lists.
    public FluxResiduals {
        blocks = List.copyOf(blocks);
        singles = List.copyOf(singles);
    }

    /// Returns the tokens after double block `i` of `depth`.
    Tensor afterDouble(Tensor x, int i, int depth) {
        return repeat && !blocks.isEmpty()
                ? x.add(blocks.get(i % blocks.size()))
                : spread(x, blocks, i, depth);
    }

    /// Returns the tokens after single block `i` of `depth`.
    Tensor afterSingle(Tensor x, int i, int depth) {
        return spread(x, singles, i, depth);
    }

    private static Tensor spread(Tensor x, List<Tensor> all, int i, int depth) {
        return all.isEmpty() ? x : x.add(all.get(i / Math.ceilDiv(depth, all.size())));
    }
}
