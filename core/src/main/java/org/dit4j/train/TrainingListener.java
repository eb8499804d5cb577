package org.dit4j.train;

import java.nio.file.Path;

/// Hears how training goes on; for progress bars.
public interface TrainingListener {
    /// A step is done.
    ///
    /// @param step number of the step, from 1
    /// @param steps number of all steps
    /// @param loss of this step
    /// @param examplesPerSecond over the last steps
    void step(long step, long steps, double loss, double examplesPerSecond);

    /// A file was written.
    void wrote(String what, Path file);

    /// Hears nothing.
    static TrainingListener silent() {
        return new TrainingListener() {
            @Override
            public void step(long step, long steps, double loss, double examplesPerSecond) {}

            @Override
            public void wrote(String what, Path file) {}
        };
    }
}
