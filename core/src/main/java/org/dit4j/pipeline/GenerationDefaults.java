package org.dit4j.pipeline;

/// What a model's folder says of a request that leaves it open (`generation_config.json`).
///
/// @param sampler its name, empty for the one of `scheduler_config.json`
/// @param steps of the sampler
/// @param guidance scale
public record GenerationDefaults(String sampler, int steps, double guidance) {}
