package org.dit4j.app.hub;

/// Hears how far a model has come.
public interface PullListener {
    /// Takes the state.
    ///
    /// @param file being fetched
    /// @param done bytes of all files
    /// @param total bytes of all files
    void progress(String file, long done, long total);

    /// Takes a line about something that went wrong and is tried again, or is waited for.
    void note(String line);
}
