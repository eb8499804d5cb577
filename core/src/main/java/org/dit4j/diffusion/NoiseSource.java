package org.dit4j.diffusion;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;

/// Where the random numbers of a sampling run come from. A sampler draws exactly as often, and in
/// the same order and shapes, as the reference implementation of its method, so that a seed gives
/// the same picture there and here.
@FunctionalInterface
public interface NoiseSource {
    /// A source for methods that draw nothing: it fails if asked.
    NoiseSource NONE =
            shape -> {
                throw new ConfigException("this sampling method draws noise: give it a source");
            };

    /// Draws standard normal numbers, float32, into the caller's scope.
    Tensor normal(long... shape);

    /// Returns a source that draws from `rng`.
    static NoiseSource of(Rng rng) {
        return rng::normal;
    }

    /// Returns a source that draws for twice the batch and gives the first half, as reference
    /// pipelines do whose guided batch `[cond; uncond]` goes through the sampler as a whole.
    default NoiseSource firstOfPair() {
        return shape -> {
            long[] twice = shape.clone();
            twice[0] *= 2;
            return normal(twice).narrow(0, 0, shape[0]);
        };
    }

    /// Returns a source that replays `draws`, one after the other. For one run: it counts.
    ///
    /// @param draws `[N, ...]`: draw i is `draws[i]`
    static NoiseSource replay(Tensor draws) {
        int[] next = {0};
        return shape -> {
            if (next[0] >= draws.size(0)) {
                throw new ConfigException("only " + draws.size(0) + " draws to replay");
            }
            Tensor draw = draws.select(0, next[0]++);
            if (!Arrays.equals(Shapes.of(draw), shape)) {
                throw new ShapeException(
                        "draw %d has shape %s but %s was asked for"
                                .formatted(
                                        next[0] - 1,
                                        Arrays.toString(Shapes.of(draw)),
                                        Arrays.toString(shape)));
            }
            return draw;
        };
    }
}
