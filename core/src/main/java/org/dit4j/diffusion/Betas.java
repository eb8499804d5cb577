package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;

/// The beta schedules of the original code, float64 (DiT, `diffusion/gaussian_diffusion.py`:
/// `get_named_beta_schedule` and `get_beta_schedule`).
public final class Betas {
    private Betas() {}

    /// Returns 1e-4 to 0.02 in equal steps, both scaled by `1000 / steps`.
    public static double[] linear(int steps) {
        double scale = 1000.0 / steps;
        return linspace(scale * 0.0001, scale * 0.02, steps);
    }

    /// Returns the schedule whose alphaBar is `cos^2` (Nichol and Dhariwal 2021, equation 17).
    public static double[] cosine(int steps) {
        return ofAlphaBar(
                steps, t -> Math.pow(Math.cos((t + 0.008) / 1.008 * Math.PI / 2), 2), 0.999);
    }

    /// Returns the schedule of a given alphaBar over time in [0, 1].
    ///
    /// @param max the largest beta, below 1, so that no step destroys everything
    public static double[] ofAlphaBar(int steps, DoubleUnaryOperator alphaBar, double max) {
        requireSteps(steps);
        return IntStream.range(0, steps)
                .mapToDouble(i -> {
                    double now = alphaBar.applyAsDouble((double) i / steps);
                    double next = alphaBar.applyAsDouble((i + 1.0) / steps);
                    return Math.min(1 - next / now, max);
                })
                .toArray();
    }

    /// Returns the older schedules between `start` and `end`.
    ///
    /// @param shape `linear`, `quad` or `scaled_linear` (linear in the root), `warmup10` and
    ///   `warmup50` (linear over the first 10 or 50 percent, then `end`), `const` (`end`) or `jsd`
    ///   (`1/T, 1/(T-1) ... 1`)
    /// @throws ConfigException if there is no such shape
    public static double[] between(String shape, double start, double end, int steps) {
        requireSteps(steps);
        return switch (shape) {
            case "linear" -> linspace(start, end, steps);
            case "quad", "scaled_linear" ->
                    Arrays.stream(linspace(Math.sqrt(start), Math.sqrt(end), steps))
                            .map(root -> root * root)
                            .toArray();
            case "warmup10" -> warmup(start, end, steps, 0.1);
            case "warmup50" -> warmup(start, end, steps, 0.5);
            case "const" -> warmup(start, end, steps, 0);
            case "jsd" -> Arrays.stream(linspace(steps, 1, steps)).map(n -> 1 / n).toArray();
            default ->
                    throw new ConfigException(
                            "beta schedule must be linear, quad, scaled_linear, warmup10, warmup50, const or jsd"
                                    + " but is "
                                    + shape);
        };
    }

    /// Returns `n` numbers from `start` to `end` in equal steps, as `numpy.linspace`.
    static double[] linspace(double start, double end, int n) {
        requireSteps(n);
        double step = n == 1 ? 0 : (end - start) / (n - 1);
        double[] values = IntStream.range(0, n).mapToDouble(i -> i * step + start).toArray();
        if (n > 1) {
            values[n - 1] = end;
        }
        return values;
    }

    private static double[] warmup(double start, double end, int steps, double share) {
        var betas = new double[steps];
        Arrays.fill(betas, end);
        int n = (int) (steps * share);
        if (n > 0) {
            System.arraycopy(linspace(start, end, n), 0, betas, 0, n);
        }
        return betas;
    }

    private static void requireSteps(int steps) {
        ConfigException.require(steps >= 1, "steps must be at least 1, not %d", steps);
    }
}
