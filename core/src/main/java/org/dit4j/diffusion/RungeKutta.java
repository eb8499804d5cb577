package org.dit4j.diffusion;

/// Explicit Runge-Kutta methods of a fixed step (torchdiffeq, `fixed_grid.py`).
public enum RungeKutta {
    /// Euler's method, order 1.
    EULER,
    /// Order 2 by the slope in the middle.
    MIDPOINT,
    /// Heun's method of order 2, the trapezoid rule.
    HEUN2,
    /// Heun's method of order 3.
    HEUN3,
    /// Kutta's 3/8 rule, order 4.
    RK4;

    /// Returns the number of evaluations in a step.
    public int stages() {
        return weights().length;
    }

    /// Returns at which part of the step each stage stands.
    double[] nodes() {
        return switch (this) {
            case EULER -> new double[] {0};
            case MIDPOINT -> new double[] {0, 0.5};
            case HEUN2 -> new double[] {0, 1};
            case HEUN3 -> new double[] {0, 1.0 / 3, 2.0 / 3};
            case RK4 -> new double[] {0, 1.0 / 3, 2.0 / 3, 1};
        };
    }

    /// Returns how much of the slopes before it goes into the point of a stage.
    double[] stage(int i) {
        double[][] rows =
                switch (this) {
                    case EULER -> new double[][] {{}};
                    case MIDPOINT -> new double[][] {{}, {0.5}};
                    case HEUN2 -> new double[][] {{}, {1}};
                    case HEUN3 -> new double[][] {{}, {1.0 / 3}, {0, 2.0 / 3}};
                    case RK4 -> new double[][] {{}, {1.0 / 3}, {-1.0 / 3, 1}, {1, -1, 1}};
                };
        return rows[i];
    }

    /// Returns how much of each slope goes into the step.
    double[] weights() {
        return switch (this) {
            case EULER -> new double[] {1};
            case MIDPOINT -> new double[] {0, 1};
            case HEUN2 -> new double[] {0.5, 0.5};
            case HEUN3 -> new double[] {0.25, 0, 0.75};
            case RK4 -> new double[] {0.125, 0.375, 0.375, 0.125};
        };
    }
}
