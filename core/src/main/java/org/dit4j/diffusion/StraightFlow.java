package org.dit4j.diffusion;

/// A flow on the straight path between data and noise whose network says `noise - data` and takes
/// sigma in timesteps of training: Stable Diffusion 3, Flux and those after them.
///
/// @param trained the timestep of pure noise
/// @param shift how far the noise levels of sampling are moved towards the noise
public record StraightFlow(int trained, FlowShift shift) {}
