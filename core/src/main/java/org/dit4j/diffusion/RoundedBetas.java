package org.dit4j.diffusion;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The noise schedules of diffusers, which computes them in float32 (each scheduler's constructor).
/// What follows from alphaBar is then computed in float64 here: `1 - alphaBar` of the first steps
/// would differ in the fourth digit if alphaBar were not rounded as it is there.
public final class RoundedBetas {
    private RoundedBetas() {}

    /// Returns the schedule of that name: `linear`, `scaled_linear` (linear in the root),
    /// `squaredcos_cap_v2` (Nichol and Dhariwal 2021, equation 17) or `exp` (alphaBar is `e^(-12
    /// t)`), which know no start and end.
    ///
    /// @throws ConfigException if there is no such name
    public static NoiseSchedule named(
            String name, double start, double end, int steps, boolean zeroTerminal) {
        ConfigException.require(
                steps >= 1 && steps <= 1_000_000,
                "num_train_timesteps must be in 1..1000000, not %d",
                steps);
        Supplier<Tensor> betas =
                switch (name) {
                    case "linear" -> () -> Tensors.linspace(start, end, steps);
                    case "scaled_linear" ->
                            () ->
                                    Tensors.linspace(Math.sqrt(start), Math.sqrt(end), steps)
                                            .square();
                    case "squaredcos_cap_v2" -> () -> rounded(Betas.cosine(steps));
                    case "exp" ->
                            () -> rounded(Betas.ofAlphaBar(steps, t -> Math.exp(-12 * t), 0.999));
                    default ->
                            throw new ConfigException(
                                    "beta_schedule must be linear, scaled_linear,"
                                            + " squaredcos_cap_v2 or exp but is "
                                            + name);
                };
        return schedule(betas, zeroTerminal);
    }

    /// Returns the schedule of given betas.
    public static NoiseSchedule of(double[] betas, boolean zeroTerminal) {
        return schedule(() -> rounded(betas), zeroTerminal);
    }

    private static NoiseSchedule schedule(Supplier<Tensor> betas, boolean zeroTerminal) {
        try (var scope = TensorScope.open()) {
            Tensor given = betas.get();
            Tensor used = zeroTerminal ? zeroTerminal(given) : given;
            return NoiseSchedule.ofAlphaBar(Tensors.doubles(alphaBar(used)));
        }
    }

    /// Rescales betas so that nothing of the data is left at the end (Lin et al. 2024, algorithm 1;
    /// diffusers, `rescale_zero_terminal_snr`).
    private static Tensor zeroTerminal(Tensor betas) {
        Tensor root = alphaBar(betas).sqrt();
        Tensor first = root.narrow(0, 0, 1);
        Tensor last = root.narrow(0, -1, 1);
        Tensor bars = root.sub(last).mul(first.div(first.sub(last))).square();
        long n = bars.size(0);
        Tensor alphas = bars.narrow(0, 1, n - 1).div(bars.narrow(0, 0, n - 1));
        return oneMinus(Ops.cat(0, bars.narrow(0, 0, 1), alphas));
    }

    private static Tensor alphaBar(Tensor betas) {
        return oneMinus(betas).cumprod(0);
    }

    private static Tensor oneMinus(Tensor x) {
        return Ops.add(x.neg(), 1);
    }

    private static Tensor rounded(double[] values) {
        return Ops.to(Tensors.of(values, values.length), Dtype.FLOAT32);
    }
}
