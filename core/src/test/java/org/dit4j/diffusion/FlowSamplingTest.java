package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Samples Gaussian data of mean 0.3 and standard deviation 0.5, for which everything is known:
/// `x_t` is normal with mean `0.3 alpha` and variance `v = 0.25 alpha^2 + sigma^2`, so the score is
/// `(0.3 alpha - x) / v` and the flow maps noise z to `0.3 + 0.5 z`.
class FlowSamplingTest {
    private static final double MEAN = 0.3;
    private static final double STD = 0.5;
    private static final FlowSde.LastStep LAST = FlowSde.LastStep.MEAN;

    @TempDir Path folder;
    private TensorScope scope;
    private Rng rng;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        rng = Rng.seeded(5);
    }

    @AfterEach
    void close() {
        scope.close();
        rng.close();
    }

    @Test
    void fixedStepsConvergeWithTheOrderOfTheMethod() {
        // on the linear path the errors of the midpoint rule cancel for such data
        var flow = FlowMatching.of(Interpolant.GVP, FlowTarget.VELOCITY);
        double end = 0.7;
        var part = new FlowMatching.Span(0, end);
        for (RungeKutta method : RungeKutta.values()) {
            double order =
                    switch (method) {
                        case EULER -> 1;
                        case MIDPOINT, HEUN2 -> 2;
                        case HEUN3 -> 3;
                        case RK4 -> 4;
                    };
            double coarse = error(flow, FixedGrid.of(method, part, 10), end);
            double fine = error(flow, FixedGrid.of(method, part, 20), end);
            double found = Math.log(coarse / fine) / Math.log(2);
            assertThat(found).as("order of %s", method).isCloseTo(order, within(0.35));
        }
    }

    @Test
    void adaptiveStepsErrAsMuchAsThoseOfTorchdiffeq() {
        FlowMatching linear = FlowMatching.sit();
        FlowMatching gvp = FlowMatching.of(Interpolant.GVP, FlowTarget.VELOCITY);
        // odeint(method="dopri5") of torchdiffeq on the same velocities, in float64
        assertThat(adaptiveError(linear, 1e-3)).isCloseTo(0.0295, within(1e-4));
        assertThat(adaptiveError(gvp, 1e-3)).isCloseTo(0.0063, within(1e-4));
        assertThat(adaptiveError(linear, 1e-7)).isLessThan(1e-6);
        assertThat(adaptiveError(gvp, 1e-7)).isLessThan(1e-6);
    }

    @Test
    void theFlowBackwardsEndsInTheNoiseThatTheDataCameFrom() {
        FlowMatching flow = FlowMatching.sit();
        Tensor z = noise();
        Tensor data = Ops.add(Ops.mul(z, STD), MEAN);
        for (OdeSolver solver :
                new OdeSolver[] {
                    FixedGrid.of(RungeKutta.RK4, flow.odeSpan().reversed(), 40),
                    Dopri5.of(flow.odeSpan().reversed(), 1e-7, 1e-7)
                }) {
            Tensor found = run(new FlowOde(flow, solver), flow, data);
            assertThat(Ops.maxAbsDifference(found, z)).isLessThan(2e-5);
        }
    }

    @Test
    void everyDiffusionLeadsToTheDistributionOfTheData() {
        var flow = new FlowMatching(Interpolant.LINEAR, FlowTarget.NOISE, 1e-3, 1e-2);
        for (DiffusionForm form : DiffusionForm.values()) {
            requireData(new FlowSde(flow, FlowSde.Method.EULER, form, 0.7, LAST, 0.01));
        }
        var sigma = DiffusionForm.SIGMA;
        requireData(new FlowSde(flow, FlowSde.Method.HEUN, sigma, 0.7, LAST, 0.01));
    }

    @Test
    void tweediesLastStepGivesTheExpectedData() {
        var flow = FlowMatching.of(Interpolant.GVP, FlowTarget.SCORE);
        var method = FlowSde.Method.EULER;
        var sde = new FlowSde(flow, method, DiffusionForm.SIGMA, 1, FlowSde.LastStep.TWEEDIE, 0.3);
        FlowSdeSampler sampler = sde.steps(2);
        Tensor x = noise();
        var before = new SamplerState(x, sampler.calls() - 1, java.util.List.of(), null);
        Tensor answer = exact(flow).predict(x, FlowOde.times(sampler.timestep(before), x));
        Tensor after = sampler.next(before, answer, NoiseSource.NONE).x();
        // E[x1 | x] = mean + std^2 alpha (x - mean alpha) / v
        double alpha = Math.sin(0.7 * Math.PI / 2);
        double v = STD * STD * alpha * alpha + 1 - alpha * alpha;
        Tensor shift = Ops.mul(Ops.add(x, -MEAN * alpha), STD * STD * alpha / v);
        assertThat(Ops.maxAbsDifference(after, Ops.add(shift, MEAN))).isLessThan(1e-6);
    }

    @Test
    void aRunGoesOnFromAFileAsIfItHadNotStopped() {
        FlowMatching flow = FlowMatching.sit();
        for (String name : FlowSamplers.names()) {
            Sampler sampler = FlowSamplers.of(name, flow).steps(4);
            Tensor start = rng.normal(3, 2);
            Tensor whole;
            try (Rng r = Rng.seeded(9)) {
                whole = Sampling.run(sampler, exact(flow), start, NoiseSource.of(r));
            }
            Path file = folder.resolve(name);
            try (Rng r = Rng.seeded(9)) {
                NoiseSource source = NoiseSource.of(r);
                SamplerState first = sampler.start(start, source);
                Progress stop = (s, calls) -> s.call() < 3;
                SamplerState paused = Sampling.run(sampler, exact(flow), first, source, stop);
                assertThat(sampler.done(paused)).isFalse();
                SamplerStates.save(file, name, paused, Optional.of(r));
            }
            var saved = SamplerStates.load(file, name);
            try (Rng r = saved.rng().orElseThrow()) {
                NoiseSource source = NoiseSource.of(r);
                Tensor x =
                        Sampling.run(sampler, exact(flow), saved.state(), source, Progress.NONE)
                                .x();
                assertThat(Ops.maxAbsDifference(x, whole)).as(name).isZero();
            }
        }
    }

    @Test
    void theLikelihoodOfGaussianDataIsItsDensity() {
        FlowMatching flow = FlowMatching.sit();
        Tensor x1 = Ops.add(Ops.mul(Ops.to(rng.normal(4, 3), Dtype.FLOAT64), STD), MEAN);
        Tensor square = Ops.div(Ops.add(x1, -MEAN), STD).square().sum(1);
        double constant = -1.5 * Math.log(2 * Math.PI) - 3 * Math.log(STD);
        Tensor expected = Ops.add(Ops.mul(square, -0.5), constant);
        for (OdeSolver solver :
                new OdeSolver[] {
                    FixedGrid.of(RungeKutta.RK4, flow.odeSpan(), 40),
                    Dopri5.of(flow.odeSpan(), 1e-7, 1e-7)
                }) {
            var probe = FlowLikelihood.signs(rng, x1);
            var found = FlowLikelihood.of(flow, solver, exact(flow), x1, probe);
            assertThat(Ops.maxAbsDifference(found.logp(), expected)).isLessThan(2e-4);
            Tensor bits = Ops.div(expected, -3 * Math.log(2));
            assertThat(Ops.maxAbsDifference(found.bitsPerDim(), bits)).isLessThan(1e-4);
        }
    }

    @Test
    void whatCannotBeIsSaid() {
        FlowMatching flow = FlowMatching.sit();
        assertThatThrownBy(() -> FlowSde.of(flow).steps(1))
                .isInstanceOf(ConfigException.class)
                .hasMessage("steps must be at least 2, not 1");
        var method = FlowSde.Method.EULER;
        assertThatThrownBy(() -> new FlowSde(flow, method, DiffusionForm.SBDM, 1, LAST, 0.04))
                .hasMessageContaining("infinite at t = 0");
        assertThatThrownBy(() -> FlowSamplers.of("heum", flow)).hasMessageContaining("mean heun?");
        Tensor z = noise();
        var few = new Dopri5(0, 1, 1e-9, 1e-9, 20, Dopri5.Norm.RMS);
        assertThatThrownBy(() -> run(new FlowOde(flow, few), flow, z))
                .hasMessage("dopri5 does not reach its tolerance in 20 calls");
        Denoiser broken = (x, t) -> Ops.mul(x, Double.NaN);
        Sampler adaptive = FlowSamplers.of("dopri5", flow).steps(4);
        assertThatThrownBy(() -> Sampling.run(adaptive, broken, z, NoiseSource.NONE))
                .hasMessageContaining("dopri5");
    }

    private double adaptiveError(FlowMatching flow, double tolerance) {
        return error(flow, Dopri5.of(flow.odeSpan(), tolerance, tolerance), 1);
    }

    /// Returns how far the solution at time `end` is from the exact one.
    private double error(FlowMatching flow, OdeSolver solver, double end) {
        Tensor z = noise();
        Tensor t = Tensors.of(new double[] {(float) end}, 1);
        double alpha = Ops.item(flow.path().alpha(t));
        double sigma = Ops.item(flow.path().sigma(t));
        double std = Math.sqrt(STD * STD * alpha * alpha + sigma * sigma);
        Tensor expected = Ops.add(Ops.mul(z, std), MEAN * alpha);
        return Ops.maxAbsDifference(run(new FlowOde(flow, solver), flow, z), expected);
    }

    private Tensor run(Sampler sampler, FlowMatching flow, Tensor start) {
        return Sampling.run(sampler, exact(flow), start, NoiseSource.of(rng));
    }

    private void requireData(FlowSde sde) {
        Tensor x = run(sde.steps(100), sde.flow(), rng.normal(6000, 1));
        assertThat(Ops.item(x.mean())).as("%s", sde).isCloseTo(MEAN, within(0.03));
        assertThat(Ops.item(x.std())).as("%s", sde).isCloseTo(STD, within(0.03));
    }

    private static Tensor noise() {
        return Tensors.of(new double[] {-2, -0.7, 0.1, 0.4, 1.1, 2}, 3, 2);
    }

    /// The network that has learned everything.
    private static Denoiser exact(FlowMatching flow) {
        return (x, t) -> {
            Tensor s = Interpolant.wide(Ops.like(t, x), x);
            Tensor alpha = flow.path().alpha(s);
            Tensor sigma = flow.path().sigma(s);
            Tensor v = Ops.mul(alpha.square(), STD * STD).add(sigma.square());
            Tensor score = Ops.mul(alpha, MEAN).sub(x).div(v);
            return switch (flow.target()) {
                case SCORE -> score;
                case NOISE -> score.mul(sigma).neg();
                case VELOCITY -> {
                    // alpha' E[x1 | x] + sigma' E[eps | x], also where alpha or sigma is 0
                    Tensor data = Ops.add(Ops.mul(score.mul(alpha), -STD * STD), MEAN);
                    Tensor noise = score.mul(sigma).neg();
                    Tensor slope = flow.path().sigmaSlope(s);
                    yield flow.path().alphaSlope(s).mul(data).add(slope.mul(noise));
                }
            };
        };
    }
}
