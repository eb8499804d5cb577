package org.dit4j.diffusion;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// Classifier-free guidance (Ho and Salimans 2022): goes beyond the conditional prediction, away
/// from the unconditional one, `uncond + scale (cond - uncond)`; the same for noise, data and
/// velocity.
///
/// Both predictions come from one forward pass over the batch `[cond; uncond]`. Where guidance
/// changes nothing, only the conditional half is computed.
///
/// @param scale 1 for the conditional prediction alone, 0 for the unconditional one
/// @param scope which channels are guided; the others stay conditional
/// @param interval the times at which to guide
/// @param rescale phi of Lin et al. 2024, section 3.4, in [0, 1]: how much of the growth of the
///   prediction's standard deviation is taken back
/// @param normKeeping whether each row of the result, along the last axis, is scaled to the norm
///   that it has in the conditional prediction (Qin et al. 2025, arXiv:2503.21758; diffusers,
///   `pipeline_lumina2.py`, `cfg_normalization`)
public record Guidance(
        double scale, Scope scope, Interval interval, double rescale, boolean normKeeping) {
    /// No guidance: the conditional prediction.
    public static final Guidance NONE = of(1, Scope.DATA);

    /// Which channels are guided.
    public enum Scope {
        /// The first three, as the original DiT and SiT do it, "for exact reproducibility" of the
        /// published figures (DiT and SiT, `models.py`, `forward_with_cfg`).
        FIRST_THREE,
        /// Those of the data but not those of a learned variance (diffusers, `pipeline_dit.py`).
        DATA;

        private long channels(Tensor x) {
            return switch (this) {
                case FIRST_THREE -> Math.min(3, x.size(1));
                case DATA -> x.size(1);
            };
        }
    }

    /// The times at which to guide (Kynkäänniemi et al. 2024), both ends included.
    ///
    /// @param from in the unit of the network's time
    /// @param to in the unit of the network's time
    public record Interval(double from, double to) {
        /// Every time.
        public static final Interval ALL =
                new Interval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);

        /// Checks the order.
        public Interval {
            ConfigException.require(
                    from <= to,
                    "guidance interval must not end before it begins: %s to %s",
                    from,
                    to);
        }

        /// Returns the times whose noise `sigma / alpha` is above `low` and at most `high`, the
        /// measure of the paper.
        ///
        /// @throws ConfigException if no step of training is in between
        public static Interval ofNoise(NoiseSchedule training, double low, double high) {
            Table ratio = training.noiseToData();
            int from = 0;
            while (from < ratio.size() && ratio.at(from) <= low) {
                from++;
            }
            int to = ratio.size() - 1;
            while (to >= 0 && ratio.at(to) > high) {
                to--;
            }
            ConfigException.require(
                    from <= to, "no timestep has noise above %s and at most %s", low, high);
            return new Interval(training.timesteps().at(from), training.timesteps().at(to));
        }

        boolean contains(double t) {
            return t >= from && t <= to;
        }
    }

    /// Checks the numbers.
    public Guidance {
        ConfigException.require(
                scale >= 0 && scale <= 1000, "guidance scale must be in [0, 1000], not %s", scale);
        ConfigException.require(
                rescale >= 0 && rescale <= 1,
                "guidance rescale must be in [0, 1], not %s",
                rescale);
    }

    /// Returns guidance at all times and without rescaling.
    public static Guidance of(double scale, Scope scope) {
        return new Guidance(scale, scope, Interval.ALL, 0, false);
    }

    /// Returns the same guidance at some times only.
    public Guidance during(Interval times) {
        return new Guidance(scale, scope, times, rescale, normKeeping);
    }

    /// Returns the same guidance with another phi.
    public Guidance rescaled(double phi) {
        return new Guidance(scale, scope, interval, phi, normKeeping);
    }

    /// Returns the same guidance, with the norms of the conditional prediction's rows.
    public Guidance keepingNorms() {
        return new Guidance(scale, scope, interval, rescale, true);
    }

    /// Returns whether the unconditional prediction is ever needed.
    public boolean active() {
        return scale != 1;
    }

    /// Wraps a network.
    ///
    /// @param pair the network with the conditioning `[cond; uncond]`, for a batch of twice the
    ///   size
    /// @param conditional the network with the conditioning alone
    /// @return takes `[B, C, ...]` and answers `[B, ...]` as the network does
    public Denoiser over(Denoiser pair, Denoiser conditional) {
        RunDenoiser guided = over((RunDenoiser) pair, conditional);
        return (x, t) -> guided.predict(x, t, Memory.NONE).prediction();
    }

    /// The same for networks that use what a run remembers: both halves of the pair are one memory.
    public RunDenoiser over(RunDenoiser pair, RunDenoiser conditional) {
        return (x, t, memory) -> {
            boolean[] guided = guided(t);
            if (none(guided)) {
                return conditional.predict(x, t, memory);
            }
            var reply = pair.predict(Ops.cat(0, x, x), Ops.cat(0, t, t), memory);
            Tensor combined = combine(x, reply.prediction());
            return new RunDenoiser.Reply(
                    all(guided)
                            ? combined
                            : choose(guided, combined, conditional(reply.prediction())),
                    reply.memory());
        };
    }

    /// Combines the two halves of an answer.
    ///
    /// @param x `[B, C, ...]`
    /// @param answer `[2B, C, ...]` or `[2B, 2C, ...]`, the conditional half first
    /// @return `[B, ...]`, with as many channels as the answer
    public Tensor combine(Tensor x, Tensor answer) {
        long b = x.size(0);
        long[] wanted = Shapes.of(x);
        wanted[0] = 2 * b;
        wanted[1] = Shapes.ANY;
        Shapes.require(answer, "paired prediction", wanted);
        long c = scope.channels(x);
        Tensor all = conditional(answer);
        Tensor cond = all.narrow(1, 0, c);
        Tensor uncond = answer.narrow(0, b, b).narrow(1, 0, c);
        Tensor guided = Ops.addScaled(uncond, cond.sub(uncond), scale);
        Tensor spread = rescale == 0 ? guided : rescaled(guided, cond);
        Tensor result = normKeeping ? spread.mul(norm(cond).div(norm(spread))) : spread;
        long rest = answer.size(1) - c;
        return rest == 0 ? result : Ops.cat(1, result, all.narrow(1, c, rest));
    }

    /// Lin et al. 2024, equations 15 and 16; diffusers, `rescale_noise_cfg`.
    private Tensor rescaled(Tensor guided, Tensor cond) {
        Tensor same = guided.mul(std(cond).div(std(guided)));
        return Ops.addScaled(Ops.mul(guided, 1 - rescale), same, rescale);
    }

    /// The norm of each row, `[B, ..., 1]`.
    private static Tensor norm(Tensor x) {
        return Ops.sum(x.mul(x), true, -1).sqrt();
    }

    /// The standard deviation of each sample, `[B, 1, ...]`.
    private static Tensor std(Tensor x) {
        var shape = new long[(int) x.dim()];
        Arrays.fill(shape, 1);
        shape[0] = x.size(0);
        return x.flatten(1, -1).std(new long[] {1}, true, false).reshape(shape);
    }

    private static Tensor conditional(Tensor answer) {
        return answer.narrow(0, 0, answer.size(0) / 2);
    }

    private static Tensor choose(boolean[] guided, Tensor yes, Tensor no) {
        var shape = new long[(int) no.dim()];
        Arrays.fill(shape, 1);
        shape[0] = guided.length;
        var mask = new byte[guided.length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = (byte) (guided[i] ? 1 : 0);
        }
        Tensor condition = Ops.to(Tensors.of(mask, shape), Dtype.BOOL);
        return Ops.where(condition.to(no.device(), condition.scalar_type()), yes, no);
    }

    private boolean[] guided(Tensor t) {
        var guided = new boolean[(int) t.size(0)];
        if (interval.equals(Interval.ALL)) {
            Arrays.fill(guided, active()); // without asking the device for t
            return guided;
        }
        double[] times = Tensors.doubles(t);
        for (int i = 0; i < guided.length; i++) {
            guided[i] = active() && interval.contains(times[i]);
        }
        return guided;
    }

    private static boolean none(boolean[] flags) {
        for (boolean flag : flags) {
            if (flag) {
                return false;
            }
        }
        return true;
    }

    private static boolean all(boolean[] flags) {
        for (boolean flag : flags) {
            if (!flag) {
                return false;
            }
        }
        return true;
    }
}
