package org.dit4j.diffusion;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// How the calls of a run spare computation by what the earlier ones gave, at a loss of quality.
/// Only numbers: what is remembered is the run's, see [Memory].
///
/// A cache stands between guidance and the network, so it sees both halves of a guided batch at
/// once. Where the batch has another size than at the last call, as where guidance begins or ends,
/// it starts anew.
public sealed interface Caching permits Caching.Off, FirstBlockCache, TaylorCache, StepCache {
    /// Every call is computed.
    Caching OFF = new Off();

    /// Every call is computed.
    record Off() implements Caching {
        @Override
        public RunDenoiser over(Denoiser network) {
            return network;
        }

        @Override
        public String text() {
            return "off";
        }
    }

    /// Wraps a network.
    ///
    /// @return for batches of one time
    RunDenoiser over(Denoiser network);

    /// Returns the text that [#parse] reads.
    String text();

    /// Reads `off`, `first-block:THRESHOLD`, `taylor:INTERVAL:ORDER` or `step:THRESHOLD:ORDER`.
    ///
    /// @throws ConfigException if it is none of these
    static Caching parse(String text) {
        String[] parts = text.split(":", -1);
        try {
            return switch (parts[0] + "/" + (parts.length - 1)) {
                case "off/0" -> OFF;
                case "first-block/1" -> new FirstBlockCache(Double.parseDouble(parts[1]));
                case "taylor/2" ->
                        new TaylorCache(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                case "step/2" ->
                        new StepCache(Double.parseDouble(parts[1]), Integer.parseInt(parts[2]));
                default -> throw new ConfigException(unknown(text));
            };
        } catch (NumberFormatException e) {
            throw new ConfigException(unknown(text), e);
        }
    }

    private static String unknown(String text) {
        return "a cache is off, first-block:THRESHOLD, taylor:INTERVAL:ORDER or step:THRESHOLD:ORDER, such as taylor:3:2, not "
                + text;
    }

    /// Checks a threshold.
    static void requireThreshold(double threshold) {
        ConfigException.require(
                threshold >= 0 && threshold <= 10,
                "the threshold of a cache must be 0 to 10 but is %s",
                threshold);
    }

    /// Checks the order of a polynomial.
    static void requireOrder(int order) {
        ConfigException.require(
                order >= 0 && order <= 4, "the order of a cache must be 0 to 4 but is %d", order);
    }

    /// Returns the time of all samples of a batch.
    static double time(Tensor t) {
        double[] times = Tensors.doubles(t);
        for (double other : times) {
            ConfigException.require(
                    other == times[0],
                    "a cache needs samples of one time, but there are %s and %s",
                    times[0],
                    other);
        }
        return times[0];
    }

    /// Returns the largest of the samples' relative changes, `sum |x - y| / sum |y|`; infinite
    /// where the shapes differ.
    static double change(Tensor x, Tensor y) {
        return Arrays.equals(Shapes.of(x), Shapes.of(y))
                ? most(sizes(x.sub(y)).div(sizes(y)))
                : Double.POSITIVE_INFINITY;
    }

    /// Returns the mean absolute value of each sample, `[B]`.
    static Tensor sizes(Tensor x) {
        return Ops.meanFlat(Ops.to(x, Dtype.FLOAT32).abs());
    }

    /// Returns the largest number; infinite if there is one that is none.
    static double most(Tensor x) {
        double most = 0;
        for (double value : Tensors.doubles(x)) {
            most = Math.max(most, value);
        }
        return Double.isNaN(most) ? Double.POSITIVE_INFINITY : most;
    }
}
