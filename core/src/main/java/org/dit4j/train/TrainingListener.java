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

    /// A file or folder was written.
    void wrote(String what, Path file);

    /// Work before the first step goes on, such as encoding the pictures.
    ///
    /// @param what is being done
    /// @param done of `total`
    default void prepared(String what, long done, long total) {}

    /// Something that the user should know, such as a picture that cannot be read.
    default void note(String line) {}

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
