package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// A run along a table of noise levels. Unless a method says otherwise it starts at the noise
/// itself, calls the network once at every level but the last, and gives it the sample as it is.
public interface LeveledSampler extends Sampler {
    /// Returns the levels that the run visits.
    NoiseLevels levels();

    @Override
    default int calls() {
        return levels().timesteps().size();
    }

    @Override
    default SamplerState start(Tensor noise) {
        return SamplerState.first(noise);
    }

    @Override
    default Tensor modelInput(SamplerState s) {
        return s.x();
    }

    @Override
    default double timestep(SamplerState s) {
        return levels().timesteps().at(s.call());
    }

    @Override
    default List<Float> knownTimes() {
        return levels().timesteps().floats();
    }

    @Override
    default Tensor noised(Tensor data, Tensor noise, int call) {
        return call == calls() ? data : levels().noised(data, noise, call);
    }
}
