package org.dit4j.app.data;

/// Hears how far the building of a data set has come.
@FunctionalInterface
public interface Progress {
    /// Takes the state of a stage.
    ///
    /// @param stage what is being done; another name begins another stage
    /// @param done how much of it
    /// @param total of how much; -1 if unknown
    void report(String stage, long done, long total);
}
