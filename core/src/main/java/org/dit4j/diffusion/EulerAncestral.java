package org.dit4j.diffusion;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Euler's method to a lower level than the next one, and noise up to that: the variances of
/// ancestral sampling (`EulerAncestralDiscreteScheduler` of diffusers, after k-diffusion's
/// `sample_euler_ancestral`). Draws noise at every step, also at the last, which does not use it.
///
/// @param spacing the noise levels
/// @param prediction what the network predicts
/// @param frame the coordinates; not straight
public record EulerAncestral(LevelSpacing spacing, Prediction prediction, Frame frame)
        implements SamplerFactory {
    /// Checks the coordinates.
    public EulerAncestral {
        ConfigException.require(
                frame != Frame.STRAIGHT, "ancestral sampling is for Gaussian diffusion only");
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new EulerAncestral(change.apply(spacing), prediction, frame);
    }

    @Override
    public Sampler steps(int steps) {
        return new Steps(this, spacing.levels(steps));
    }

    private record Steps(EulerAncestral method, NoiseLevels levels) implements LeveledSampler {
        @Override
        public SamplerState start(Tensor noise) {
            return SamplerState.first(method.frame.start(noise, levels));
        }

        @Override
        public Tensor modelInput(SamplerState s) {
            return method.frame.input(s.x(), level(s.call()));
        }

        @Override
        public Tensor noised(Tensor data, Tensor noise, int call) {
            return call == calls() ? data : method.frame.noised(data, noise, levels, call);
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            Tensor answer = Prediction.mean(prediction, x);
            double from = level(s.call());
            double to = level(s.call() + 1);
            double up = to * Math.sqrt(1 - to * to / (from * from));
            double down = to * to / from;
            Tensor data = method.frame.data(method.prediction, answer, x, from);
            Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
            Tensor next = Ops.addScaled(Frame.toward(data, x, from, down), draw, up);
            return s.after(next, List.of(), data);
        }

        private double level(int i) {
            return method.frame.level(levels, i);
        }
    }
}
