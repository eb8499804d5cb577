package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.Dit4jException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// The method of Dormand and Prince (1980), order 5, which chooses its steps by an estimate of the
/// error (torchdiffeq, `dopri5.py`, `rk_common.py`, `misc.py`). The last step goes beyond the end;
/// the solution at the end is interpolated.
///
/// The history is empty before the first evaluation, then it holds `[t, size of the step]`, float64
/// `[2]`, and the slopes of the step so far.
///
/// @param from where to start
/// @param to where to end, before or after the start
/// @param rtol error allowed as a share of the solution
/// @param atol error allowed beside that
/// @param calls most evaluations to make
/// @param norm size of an error
public record Dopri5(double from, double to, double rtol, double atol, int calls, Norm norm)
        implements OdeSolver {
    /// Size of a vector of errors, each in units of what is allowed.
    @FunctionalInterface
    public interface Norm {
        /// Root of the mean square.
        Norm RMS = x -> Math.sqrt(Ops.item(x.square().mean()));

        /// Returns the size of `x`, float64.
        double of(Tensor x);
    }

    private static final double SAFETY = 0.9;
    private static final double MOST_GROWTH = 10;
    private static final double MOST_SHRINKING = 0.2;
    private static final int ORDER = 5;

    private static final double[] NODES = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
    private static final double[][] STAGES = {
        {},
        {1.0 / 5},
        {3.0 / 40, 9.0 / 40},
        {44.0 / 45, -56.0 / 15, 32.0 / 9},
        {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
        {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
        {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}
    };

    /// The solution of order 5 less that of order 4 (Shampine's form).
    private static final double[] ERROR = {
        35.0 / 384 - 1951.0 / 21600,
        0,
        500.0 / 1113 - 22642.0 / 50085,
        125.0 / 192 - 451.0 / 720,
        -2187.0 / 6784 + 12231.0 / 42400,
        11.0 / 84 - 649.0 / 6300,
        -1.0 / 60
    };

    /// The solution in the middle of the step.
    private static final double[] MIDDLE = {
        6025192743.0 / 30085553152.0 / 2,
        0,
        51252292925.0 / 65400821598.0 / 2,
        -2691868925.0 / 45128329728.0 / 2,
        187940372067.0 / 1594534317056.0 / 2,
        -1776094331.0 / 19743644256.0 / 2,
        11237099.0 / 235043384.0 / 2
    };

    /// Checks the tolerances.
    public Dopri5 {
        ConfigException.require(
                rtol >= 0 && atol >= 0 && rtol + atol > 0,
                "tolerances must not be below 0, nor both 0: rtol %s, atol %s",
                rtol,
                atol);
        ConfigException.require(from != to, "times must differ: %s and %s", from, to);
    }

    /// Returns the solver for a stretch of time, rounded to float32 as the reference's grid of
    /// times, with at most 10000 evaluations.
    public static Dopri5 of(FlowMatching.Span span, double rtol, double atol) {
        return new Dopri5((float) span.from(), (float) span.to(), rtol, atol, 10_000, Norm.RMS);
    }

    /// Returns the same with another size of errors.
    public Dopri5 with(Norm other) {
        return new Dopri5(from, to, rtol, atol, calls, other);
    }

    @Override
    public boolean done(SamplerState s) {
        return !s.history().isEmpty() && (to - clock(s)[0]) * direction() <= 0;
    }

    @Override
    public Tensor point(SamplerState s) {
        return switch (s.call()) {
            case 0 -> s.x();
            case 1 -> FixedGrid.moved(s.x(), slopes(s), new double[] {1}, signedSize(s));
            default -> FixedGrid.moved(s.x(), slopes(s), STAGES[slopes(s).size()], signedSize(s));
        };
    }

    @Override
    public double time(SamplerState s) {
        if (s.call() == 0) {
            return from;
        }
        double t = clock(s)[0];
        if (s.call() == 1) {
            return t + signedSize(s);
        }
        double node = NODES[slopes(s).size()];
        if (node == 1) { // just before the end of the step, in case f jumps there
            float end = (float) (t + signedSize(s));
            return direction() > 0 ? Math.nextDown(end) : Math.nextUp(end);
        }
        return (float) t + (float) node * (float) signedSize(s);
    }

    @Override
    public SamplerState next(SamplerState s, Tensor slope) {
        ConfigException.require(
                s.call() + 1 < calls, "dopri5 does not reach its tolerance in %d calls", calls);
        var slopes = new ArrayList<>(slopes(s));
        slopes.add(slope);
        return switch (s.call()) {
            case 0 -> stay(s, from, trialSize(s.x(), slope), slopes);
            case 1 -> stay(s, from, firstSize(s, slope), slopes.subList(0, 1));
            default ->
                    slopes.size() < NODES.length
                            ? stay(s, clock(s)[0], clock(s)[1], slopes)
                            : step(s, slopes);
        };
    }

    /// Accepts or refuses the step whose slopes are complete.
    private SamplerState step(SamplerState s, List<Tensor> slopes) {
        double t = clock(s)[0];
        double h = clock(s)[1];
        double signed = signedSize(s);
        Tensor end = point(s);
        Tensor error = FixedGrid.moved(Ops.mul(slopes.getFirst(), 0), slopes, ERROR, signed);
        double ratio = norm.of(wide(error).div(allowed(s.x().abs().maximum(end.abs()))));
        if (!Double.isFinite(ratio)) {
            throw new Dit4jException("dopri5 met a value that is not finite near t = " + t);
        }
        double size = nextSize(h, ratio);
        if (ratio > 1) {
            return stay(s, t, size, slopes.subList(0, 1));
        }
        double reached = t + signed;
        if ((to - reached) * direction() > 0) {
            return s.after(end, List.of(clock(reached, size), slopes.getLast()), null);
        }
        Tensor x = interpolated(s.x(), end, slopes, signed, (to - t) / signed);
        return s.after(x, List.of(clock(to, size)), null);
    }

    private SamplerState stay(SamplerState s, double t, double h, List<Tensor> slopes) {
        if (t + direction() * h == t || !Double.isFinite(h)) {
            throw new Dit4jException("the step size of dopri5 became too small at t = " + t);
        }
        var history = new ArrayList<Tensor>();
        history.add(clock(t, h));
        history.addAll(slopes);
        return s.after(s.x(), history, null);
    }

    // ---- sizes of steps

    /// Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, section II.4.
    private double trialSize(Tensor x, Tensor slope) {
        double d0 = norm.of(wide(x).div(allowed(x.abs())));
        double d1 = norm.of(wide(slope).div(allowed(x.abs())));
        return d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
    }

    private double firstSize(SamplerState s, Tensor slope) {
        double trial = clock(s)[1];
        Tensor scale = allowed(s.x().abs());
        Tensor first = slopes(s).getFirst();
        double d1 = norm.of(wide(first).div(scale));
        double d2 = norm.of(wide(slope.sub(first)).div(scale)) / trial;
        double size =
                d1 <= 1e-15 && d2 <= 1e-15
                        ? Math.max(1e-6, trial * 1e-3)
                        : Math.pow(0.01 / Math.max(d1, d2), 1.0 / ORDER);
        return Math.min(100 * trial, size);
    }

    private static double nextSize(double h, double ratio) {
        if (ratio == 0) {
            return h * MOST_GROWTH;
        }
        double least = ratio < 1 ? 1 : MOST_SHRINKING;
        double wanted = SAFETY / Math.pow(ratio, 1.0 / ORDER);
        return h * Math.min(MOST_GROWTH, Math.max(wanted, least));
    }

    private Tensor allowed(Tensor magnitude) {
        return Ops.add(Ops.mul(wide(magnitude), rtol), atol);
    }

    /// The polynomial of order 4 through both ends, their slopes and the middle (torchdiffeq,
    /// `interp.py`).
    ///
    /// @param part of the step, in [0, 1]
    private static Tensor interpolated(
            Tensor x, Tensor end, List<Tensor> slopes, double h, double part) {
        Tensor middle = FixedGrid.moved(x, slopes, MIDDLE, h);
        List<Tensor> points = List.of(x, end, middle, slopes.getFirst(), slopes.getLast());
        double p = part;
        double p2 = p * p;
        double p3 = p2 * p;
        double p4 = p3 * p;
        double[] weights = {
            -11 * p2 + 18 * p3 - 8 * p4,
            -5 * p2 + 14 * p3 - 8 * p4,
            16 * p2 - 32 * p3 + 16 * p4,
            h * (p - 4 * p2 + 5 * p3 - 2 * p4),
            h * (p2 - 3 * p3 + 2 * p4)
        };
        return FixedGrid.moved(x, points, weights, 1);
    }

    // ---- the state

    private static Tensor wide(Tensor x) {
        return Ops.to(x, Dtype.FLOAT64);
    }

    private static Tensor clock(double t, double h) {
        return Tensors.of(new double[] {t, h}, 2);
    }

    private static double[] clock(SamplerState s) {
        return Tensors.doubles(s.history().getFirst());
    }

    private static List<Tensor> slopes(SamplerState s) {
        return s.history().isEmpty() ? List.of() : s.history().subList(1, s.history().size());
    }

    private double signedSize(SamplerState s) {
        return direction() * clock(s)[1];
    }

    private double direction() {
        return Math.signum(to - from);
    }
}
