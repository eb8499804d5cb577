package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;

/// One way from noise to data in a fixed number of steps, as a pure state machine: it holds tables
/// of numbers only, so one sampler serves any number of runs and threads.
///
/// The caller owns the loop ([Sampling] is the usual one):
///
/// ```java
/// SamplerState s = sampler.start(noise, source);
/// while (!sampler.done(s)) {
///     Tensor prediction = network(sampler.modelInput(s), sampler.timestep(s));
///     s = sampler.next(s, prediction, source);
/// }
/// return s.x();
/// ```
///
/// Therefore a run can be paused, saved, resumed, branched, cancelled and previewed between calls,
/// and runs at different steps can share one forward pass, since networks take a time per sample.
/// Methods that evaluate the network several times per step (Heun, Runge-Kutta) make several calls.
public interface Sampler {
    /// Returns how many model calls a run makes; for adaptive methods the most it may make.
    int calls();

    /// Returns the state before the first call.
    ///
    /// @param noise `[B, C, ...]` standard normal; borrowed, and scaled here if the method wants it
    default SamplerState start(Tensor noise) {
        return SamplerState.first(noise);
    }

    /// Returns the state before the first call, for methods that draw before it too; the same as
    /// [#start(Tensor)] for all others.
    ///
    /// @param noise `[B, C, ...]` standard normal; borrowed
    /// @param source asked exactly as often as the reference implementation draws
    default SamplerState start(Tensor noise, NoiseSource source) {
        return start(noise);
    }

    /// Returns whether `s.x()` is the result.
    default boolean done(SamplerState s) {
        return s.call() >= calls();
    }

    /// Returns what the network is to be called with now, `[B, C, ...]`: the sample, for methods
    /// that work in the network's own coordinates.
    default Tensor modelInput(SamplerState s) {
        return s.x();
    }

    /// Returns the time for the network's next call, in the unit that the network expects.
    double timestep(SamplerState s);

    /// Returns the times of all calls of a run where they are known ahead, in any order; nothing
    /// for methods that decide on the way.
    default List<Float> knownTimes() {
        return List.of();
    }

    /// Takes the network's answer to [#modelInput] at [#timestep] and returns the state after it.
    ///
    /// @param prediction what [Denoiser#predict] gave
    /// @param noise asked exactly as often as the reference implementation draws
    SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise);

    /// Returns data with as much noise as the sample of a run has, in the method's own coordinates;
    /// the data itself at the end of the run.
    ///
    /// @param data `[B, C, ...]`
    /// @param noise `[B, C, ...]` standard normal
    /// @param call how many model calls the run has made
    /// @throws ConfigException if the method has no such runs
    default Tensor noised(Tensor data, Tensor noise, int call) {
        throw new ConfigException(
                "this sampling method cannot start from a picture; euler can, where there is one");
    }

    /// Returns what a user should know of a run from pure noise, a line each; nothing for most.
    default List<String> remarks() {
        return List.of();
    }

    /// Returns how many model calls there are before a step, from 0 on.
    default int callsBefore(int step) {
        return step;
    }
}
