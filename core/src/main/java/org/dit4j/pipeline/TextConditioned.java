package org.dit4j.pipeline;

import java.util.List;

/// A network with the text encoders that make its conditions of prompts.
public interface TextConditioned extends SampledNetwork, AutoCloseable {
    /// Encodes texts. The result belongs to the caller's innermost scope.
    ///
    /// @param texts one or more, the negative one last
    /// @param request resolved; what networks are told of size, length and guidance
    PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request);

    @Override
    void close();
}
