package org.dit4j.diffusion;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Euler's method, with noise or without (Karras et al. 2022, algorithm 2 without the correction;
/// `EulerDiscreteScheduler` and `FlowMatchEulerDiscreteScheduler` of diffusers).
///
/// @param spacing the noise levels
/// @param prediction what the network predicts
/// @param frame the coordinates
/// @param churn the noise; none in straight coordinates
public record Euler(LevelSpacing spacing, Prediction prediction, Frame frame, Churn churn)
        implements SamplerFactory {

    /// Returns the method for a Gaussian diffusion, without noise.
    public static Euler scaled(LevelSpacing spacing, Prediction prediction) {
        return new Euler(spacing, prediction, Frame.SCALED, Churn.NONE);
    }

    /// Returns the method for a flow, without noise.
    public static Euler straight(LevelSpacing spacing) {
        return new Euler(spacing, Prediction.FLOW, Frame.STRAIGHT, Churn.NONE);
    }

    /// Returns the same method with other noise.
    public Euler with(Churn other) {
        return new Euler(spacing, prediction, frame, other);
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new Euler(change.apply(spacing), prediction, frame, churn);
    }

    @Override
    public Sampler steps(int steps) {
        return new Steps(this, spacing.levels(steps));
    }

    private record Steps(Euler method, NoiseLevels levels) implements LeveledSampler {
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
            Frame frame = method.frame;
            Tensor answer = Prediction.mean(prediction, s.x());
            double now = level(s.call());
            double next = level(s.call() + 1);
            if (method.prediction == Prediction.FLOW) {
                // the answer is the slope, also where the level is 0
                Tensor data = frame.data(method.prediction, answer, s.x(), now);
                return s.after(Frame.along(s.x(), answer, next - now), List.of(), data);
            }
            double raised = method.churn.raised(now, calls());
            Tensor x = raised > now ? noisier(s.x(), now, raised, noise) : s.x();
            // diffusers reads the noise off at the raised level, anything else at the level before
            double read = method.prediction == Prediction.EPSILON ? raised : now;
            Tensor data = frame.data(method.prediction, answer, x, read);
            return s.after(Frame.toward(data, x, raised, next), List.of(), data);
        }

        private Tensor noisier(Tensor x, double now, double raised, NoiseSource noise) {
            Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
            double std = Math.sqrt(raised * raised - now * now);
            return Ops.addScaled(x, draw, method.churn.scale() * std);
        }

        private double level(int i) {
            return method.frame.level(levels, i);
        }
    }
}
