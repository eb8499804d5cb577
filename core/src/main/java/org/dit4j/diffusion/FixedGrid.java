package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;

/// A Runge-Kutta method on given times. The history holds the slopes of the step so far.
///
/// @param method how to step
/// @param times where the steps begin and the last one ends, rising or falling; float32 numbers
public record FixedGrid(RungeKutta method, Table times) implements OdeSolver {
    /// Checks the times.
    public FixedGrid {
        ConfigException.require(
                times.size() >= 2, "a grid needs 2 times or more, not %d", times.size());
    }

    /// Returns the solver with `steps` equal steps.
    public static FixedGrid of(RungeKutta method, FlowMatching.Span span, int steps) {
        ConfigException.require(steps >= 1, "steps must be at least 1, not %d", steps);
        return new FixedGrid(method, OdeSolver.grid(span, steps + 1));
    }

    @Override
    public int calls() {
        return (times.size() - 1) * method.stages();
    }

    @Override
    public boolean done(SamplerState s) {
        return s.call() >= calls();
    }

    @Override
    public Tensor point(SamplerState s) {
        return moved(s.x(), s.history(), method.stage(stage(s)), size(s));
    }

    @Override
    public double time(SamplerState s) {
        int step = s.call() / method.stages();
        double node = method.nodes()[stage(s)];
        if (node == 1 && method == RungeKutta.RK4) {
            return times.at(step + 1); // the reference takes this one from the grid
        }
        return (float) times.at(step) + size(s) * (float) node;
    }

    @Override
    public SamplerState next(SamplerState s, Tensor slope) {
        var slopes = new ArrayList<>(s.history());
        slopes.add(slope);
        if (slopes.size() < method.stages()) {
            return s.after(s.x(), slopes, null);
        }
        return s.after(moved(s.x(), slopes, method.weights(), size(s)), List.of(), null);
    }

    /// Returns `x + size (weights[0] slopes[0] + ...)`.
    static Tensor moved(Tensor x, List<Tensor> slopes, double[] weights, double size) {
        Tensor sum = x;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] != 0) {
                sum = Ops.addScaled(sum, slopes.get(i), size * weights[i]);
            }
        }
        return sum;
    }

    private int stage(SamplerState s) {
        return s.call() % method.stages();
    }

    private float size(SamplerState s) {
        int step = s.call() / method.stages();
        return (float) times.at(step + 1) - (float) times.at(step);
    }
}
