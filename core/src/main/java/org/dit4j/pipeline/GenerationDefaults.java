package org.dit4j.pipeline;

/// What a model's folder says of a request that leaves it open (`generation_config.json`).
///
/// @param sampler its name, empty for the one of `scheduler_config.json`
/// @param steps of the sampler
/// @param guidance scale
public record GenerationDefaults(String sampler, int steps, double guidance) {
    /// Returns the request with these values where it leaves them open.
    GenerationRequest fill(GenerationRequest r) {
        double scale = r.guide().scale();
        return r.withSteps(r.steps() > 0 ? r.steps() : steps)
                .withGuidance(scale > 0 ? scale : guidance)
                .withSampler(r.sampler().isEmpty() ? sampler : r.sampler());
    }
}
