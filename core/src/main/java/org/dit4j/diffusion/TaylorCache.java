package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;

/// Computes one call of `interval` and forecasts the others by a polynomial in time through the
/// newest answers (TaylorSeer, Liu et al. 2025, arXiv:2503.06923, of the whole prediction instead
/// of each layer's features, so that any network will do). The first `order + 1` calls are
/// computed.
///
/// @param interval 1 to compute every call
/// @param order of the polynomial; 0 repeats the last answer
public record TaylorCache(int interval, int order) implements Caching {
    private static final int MOST = 1000;

    /// Checks both.
    public TaylorCache {
        ConfigException.require(
                interval >= 1 && interval <= MOST,
                "the interval of a cache must be 1 to %d but is %d",
                MOST,
                interval);
        Caching.requireOrder(order);
    }

    @Override
    public RunDenoiser over(Denoiser network) {
        return (x, t, memory) -> {
            double time = Caching.time(t);
            Forecast known = Forecast.in(memory, 0, 1, x.size(0));
            double spared = known.times().isEmpty() ? 0 : memory.numbers().getFirst() + 1;
            if (known.times().size() > order && spared < interval) {
                return new RunDenoiser.Reply(known.at(time), known.memory(List.of(), spared));
            }
            Tensor answer = network.predict(x, t);
            Forecast next = known.with(time, answer, order);
            return new RunDenoiser.Reply(answer, next.memory(List.of(), 0));
        };
    }

    @Override
    public String text() {
        return "taylor:%d:%d".formatted(interval, order);
    }
}
