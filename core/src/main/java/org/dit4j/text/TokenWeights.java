package org.dit4j.text;

/// Makes tokens count more or less.
final class TokenWeights {
    private TokenWeights() {}

    /// Multiplies the states of each token by its weight, then all of them by the number that
    /// restores their mean Euclidean norm: `h_i w_i sum_j |h_j| / sum_j |w_j h_j|`.
    ///
    /// @param weights `[L]`, not negative
    /// @param states `[L, D]`, changed in place; weights that are all 0 leave 0
    static void apply(double[] weights, float[] states) {
        int d = states.length / weights.length;
        double before = 0;
        double after = 0;
        for (int i = 0; i < weights.length; i++) {
            double norm = norm(states, i * d, d);
            before += norm;
            after += weights[i] * norm;
        }
        double scale = after > 0 ? before / after : 0;
        for (int i = 0; i < states.length; i++) {
            states[i] = (float) (states[i] * weights[i / d] * scale);
        }
    }

    private static double norm(float[] states, int from, int d) {
        double squares = 0;
        for (int i = from; i < from + d; i++) {
            squares += (double) states[i] * states[i];
        }
        return Math.sqrt(squares);
    }
}
