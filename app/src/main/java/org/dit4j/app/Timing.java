package org.dit4j.app;

import java.util.Arrays;

/// Seconds that repeated runs of one piece of work took, sorted.
record Timing(double[] seconds) {
    /// Runs `work` once to warm up and `repeat` times by the clock.
    static Timing measure(Runnable work, int repeat) {
        work.run();
        var seconds = new double[repeat];
        for (int i = 0; i < repeat; i++) {
            long start = System.nanoTime();
            work.run();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        Arrays.sort(seconds);
        return new Timing(seconds);
    }

    double minimum() {
        return seconds[0];
    }

    double maximum() {
        return seconds[seconds.length - 1];
    }

    /// The middle one, or the mean of the two in the middle.
    double median() {
        int n = seconds.length;
        return (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
    }

    /// From the fastest to the slowest.
    double spread() {
        return maximum() - minimum();
    }
}
