package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// A run of [FlowSde]. The history of [FlowSde.Method#HEUN] holds the sample with the step's noise
/// and, after the first call of a step, the slope there.
///
/// @param sde the equation and the method
/// @param times where the stochastic steps begin and the last one ends; float32 numbers
public record FlowSdeSampler(FlowSde sde, Table times) implements Sampler {
    @Override
    public int calls() {
        return stochasticCalls() + (sde.last() == FlowSde.LastStep.NONE ? 0 : 1);
    }

    /// For Euler-Maruyama; Heun's method draws before the first call and fails here.
    @Override
    public SamplerState start(Tensor noise) {
        return start(noise, NoiseSource.NONE);
    }

    @Override
    public SamplerState start(Tensor noise, NoiseSource source) {
        return ready(SamplerState.first(noise), source);
    }

    @Override
    public Tensor modelInput(SamplerState s) {
        return switch (s.history().size()) {
            case 0 -> s.x();
            case 1 -> s.history().getFirst();
            default -> Ops.addScaled(s.history().getFirst(), s.history().get(1), size());
        };
    }

    @Override
    public double timestep(SamplerState s) {
        if (s.call() >= stochasticCalls()) {
            return times.at(times.size() - 1);
        }
        float t = (float) times.at(s.call() / stages());
        return s.history().size() < 2 ? t : t + size();
    }

    @Override
    public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
        Tensor x = modelInput(s);
        Tensor t = FlowOde.times(timestep(s), x);
        Tensor answer = Prediction.mean(prediction, x);
        Tensor v = sde.flow().velocity(answer, x, t);
        Tensor score = sde.flow().score(answer, x, t);
        Tensor data = sde.flow().path().dataOfVelocity(v, x, t);
        if (s.call() >= stochasticCalls()) {
            return s.after(last(x, t, v, score), List.of(), data);
        }
        Tensor slope = v.add(diffusion(t, x).mul(score));
        return switch (sde.method()) {
            case EULER -> {
                Tensor mean = Ops.addScaled(x, slope, size());
                yield s.after(mean.add(kick(x, t, noise)), List.of(), data);
            }
            case HEUN -> {
                if (s.history().size() < 2) {
                    yield s.after(s.x(), List.of(s.history().getFirst(), slope), data);
                }
                Tensor both = s.history().get(1).add(slope);
                Tensor end = Ops.addScaled(s.history().getFirst(), both, 0.5 * size());
                yield ready(s.after(end, List.of(), data), noise);
            }
        };
    }

    /// Adds the noise that a step of Heun's method begins with.
    private SamplerState ready(SamplerState s, NoiseSource noise) {
        if (sde.method() == FlowSde.Method.EULER || s.call() >= stochasticCalls()) {
            return s;
        }
        Tensor x = s.x();
        Tensor t = FlowOde.times(times.at(s.call() / stages()), x);
        return new SamplerState(x, s.call(), List.of(x.add(kick(x, t, noise))), s.x0());
    }

    private Tensor last(Tensor x, Tensor t, Tensor v, Tensor score) {
        return switch (sde.last()) {
            case NONE -> x;
            case MEAN -> Ops.addScaled(x, v.add(diffusion(t, x).mul(score)), sde.lastSize());
            case TWEEDIE -> {
                Tensor s = Interpolant.wide(t, x);
                Tensor alpha = sde.flow().path().alpha(s);
                Tensor noise = sde.flow().path().sigma(s).square().div(alpha);
                yield x.div(alpha).add(noise.mul(score));
            }
            case EULER -> Ops.addScaled(x, v, sde.lastSize());
        };
    }

    /// Returns `sqrt(2 D) dW`.
    private Tensor kick(Tensor x, Tensor t, NoiseSource noise) {
        Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
        Tensor dw = Ops.mul(draw, (float) Math.sqrt(size()));
        return Ops.mul(diffusion(t, x), 2).sqrt().mul(dw);
    }

    private Tensor diffusion(Tensor t, Tensor x) {
        return sde.form().at(sde.flow().path(), Interpolant.wide(t, x), sde.norm());
    }

    private float size() {
        return (float) times.at(1) - (float) times.at(0);
    }

    private int stages() {
        return sde.method() == FlowSde.Method.HEUN ? 2 : 1;
    }

    private int stochasticCalls() {
        return (times.size() - 1) * stages();
    }
}
