package org.dit4j.pipeline;

import java.util.List;
import org.dit4j.diffusion.Progress;

/// From a request to pictures, videos or sounds. Thread-safe: everything of one request lives in
/// the request, and a pipeline only reads its networks.
///
/// @param <T> what it makes
public interface MediaPipeline<T> extends AutoCloseable {
    /// Generates `count` results of the first prompt, then of the second, and so on.
    ///
    /// @throws org.dit4j.ConfigException if the model cannot do what is asked
    default List<T> generate(GenerationRequest request) {
        return generate(request, Progress.NONE);
    }

    /// Generates while `progress` follows, and may stop it after any model call.
    ///
    /// @return the results; those of the last state where `progress` stopped the run
    /// @throws org.dit4j.ConfigException if the model cannot do what is asked
    List<T> generate(GenerationRequest request, Progress progress);

    /// Returns the request with the model's own values where `request` leaves them open, checked
    /// against what the model can do.
    ///
    /// @throws org.dit4j.ConfigException if the model cannot do what is asked
    GenerationRequest resolve(GenerationRequest request);

    @Override
    void close();
}
