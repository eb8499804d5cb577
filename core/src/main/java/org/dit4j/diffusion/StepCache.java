package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;

/// Spares the calls for which the answer has hardly changed, as far as the network's input tells:
/// between the last two computed calls the answer changed by so much for each change of the input,
/// and the input has changed by so much since (the criterion of EasyCache, Zhou et al. 2025,
/// arXiv:2507.02860, in the manner of TeaCache, Liu et al. 2024, arXiv:2411.19108, without fitted
/// coefficients). What a spared call would have given is forecast as by [TaylorCache].
///
/// @param threshold the largest relative change of the answer of any sample, exclusive
/// @param order of the polynomial; 0 repeats the last answer
public record StepCache(double threshold, int order) implements Caching {
    /// Checks both.
    public StepCache {
        Caching.requireThreshold(threshold);
        Caching.requireOrder(order);
    }

    /// The memory holds the input of the last computed call and, for each sample, the change of the
    /// answer for a change of the input.
    @Override
    public RunDenoiser over(Denoiser network) {
        return (x, t, memory) -> {
            double time = Caching.time(t);
            Forecast known = Forecast.in(memory, 2, 0, x.size(0));
            if (known.times().size() > order && expected(x, memory, known) < threshold) {
                return new RunDenoiser.Reply(known.at(time), memory);
            }
            Tensor answer = network.predict(x, t);
            Tensor rate =
                    known.times().isEmpty()
                            ? unknown(x)
                            : Caching.sizes(answer.sub(known.values().getFirst()))
                                    .div(Caching.sizes(x.sub(memory.tensors().getFirst())));
            Forecast next = known.with(time, answer, order);
            return new RunDenoiser.Reply(answer, next.memory(List.of(x, rate)));
        };
    }

    private static Tensor unknown(Tensor x) {
        Tensor all = Tensors.full(Double.POSITIVE_INFINITY, Dtype.FLOAT32, x.size(0));
        return all.to(x.device(), all.scalar_type());
    }

    /// Returns the largest relative change of an answer that is to be expected.
    private static double expected(Tensor x, Memory memory, Forecast known) {
        Tensor moved = Caching.sizes(x.sub(memory.tensors().getFirst()));
        Tensor change = memory.tensors().get(1).mul(moved);
        return Caching.most(change.div(Caching.sizes(known.values().getFirst())));
    }

    @Override
    public String text() {
        return "step:%s:%d".formatted(threshold, order);
    }
}
