package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.SplitCall;

/// Computes the first block of the network at every call; where what it adds to its tokens has
/// hardly changed since the last call that was computed as a whole, what the other blocks added
/// then is added again (ParaAttention, `first_block_cache`, and `FirstBlockCacheConfig` of
/// diffusers).
///
/// The references compare the whole batch; here every sample must have changed little.
///
/// @param threshold the largest relative change of the first block's residual of any sample,
///   exclusive; 0 computes every call
public record FirstBlockCache(double threshold) implements Caching {
    /// Checks the threshold.
    public FirstBlockCache {
        Caching.requireThreshold(threshold);
    }

    /// The memory holds the residuals of the first block and of the others.
    ///
    /// @param network one that cannot stop after its first block is always computed
    @Override
    public RunDenoiser over(Denoiser network) {
        if (!(network instanceof SplitDenoiser splitting)) {
            return network;
        }
        return (x, t, memory) -> {
            SplitCall call = splitting.split(x, t);
            Tensor first = call.after().sub(call.before());
            List<Tensor> last = memory.tensors();
            if (!last.isEmpty() && Caching.change(first, last.getFirst()) < threshold) {
                Tensor tokens = call.after().add(last.getLast());
                return new RunDenoiser.Reply(call.answer(tokens), memory);
            }
            Tensor tokens = call.rest();
            List<Tensor> residuals = List.of(first, tokens.sub(call.after()));
            return new RunDenoiser.Reply(call.answer(tokens), Memory.of(residuals));
        };
    }

    @Override
    public String text() {
        return "first-block:" + threshold;
    }
}
