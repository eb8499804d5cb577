package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;

/// A method for the straight path, for networks that count time as SiT does, from 0, noise, to 1,
/// data.
///
/// @param flow the process of training, on the linear path
/// @param method for [Prediction#FLOW]; its runs are [LeveledSampler]s of one call a level
record FlowSolver(FlowMatching flow, SamplerFactory method) implements SamplerFactory {
    FlowSolver {
        ConfigException.require(
                flow.path() == Interpolant.LINEAR,
                "this sampler is for the linear path, not for %s",
                flow.path());
    }

    @Override
    public Sampler steps(int steps) {
        return new Steps(flow, (LeveledSampler) method.steps(steps));
    }

    private record Steps(FlowMatching flow, LeveledSampler run) implements Sampler {
        @Override
        public int calls() {
            return run.calls();
        }

        @Override
        public SamplerState start(Tensor noise) {
            return run.start(noise);
        }

        @Override
        public Tensor modelInput(SamplerState s) {
            return run.modelInput(s);
        }

        @Override
        public double timestep(SamplerState s) {
            return run.levels().alpha().at(s.call());
        }

        @Override
        public List<Float> knownTimes() {
            return run.levels().alpha().floats();
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            Tensor t = FlowOde.times(timestep(s), x);
            Tensor toData = flow.velocity(Prediction.mean(prediction, x), x, t);
            return run.next(s, toData.neg(), noise);
        }
    }
}
