package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleUnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The data of these tests is N(0.3, 0.5^2), so the best network and the exact solution are known:
/// beside data of full size `(x - mean) / sqrt(std^2 + s^2)` stays as it is at all levels s.
class HeunTest {
    private static final double MEAN = 0.3;
    private static final double STD = 0.5;

    private static final GaussianDiffusion COSINE =
            new GaussianDiffusion(NoiseSchedule.cosine(1000), Target.V, Variance.FIXED_SMALL);

    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    void manyStepsFindTheExactSolutionFromNearlyPureNoise() {
        double some = errorAfter("heun", 100, 199);
        double twice = errorAfter("heun", 200, 399);
        assertThat(twice).isLessThan(1e-3);
        assertThat(some / twice).isGreaterThan(4);
    }

    @Test
    void karrasLevelsDoWithFewerSteps() {
        double some = errorAfter("heun-karras", 100, 199);
        double twice = errorAfter("heun-karras", 200, 399);
        assertThat(twice).isLessThan(1e-3);
        assertThat(some / twice).isGreaterThan(4 * 0.9);
    }

    @Test
    void theFirstStepMultipliesWhatTheSecondCallChanges() {
        Sampler heun = Samplers.of("heun", COSINE).steps(20);
        double from = ratio(999);
        double to = ratio(999 - 999.0 / 19);
        double right = Ops.item(run(heun, 2, _ -> 0));
        double changed = Ops.item(run(heun, 2, ratio -> ratio < from ? 0.01 : 0));
        double shifted = Ops.item(run(heun, 2, _ -> 0.01));
        assertThat(changed - right).isCloseTo(0.01 * (from - to) / (2 * to), within(1e-3));
        assertThat(changed - right).isGreaterThan(8.3);
        // the same change of both calls moves the run with the data
        assertThat(shifted - right).isBetween(0.01, 0.03);
    }

    @Test
    void onlyAFirstStepThatMultipliesErrorsIsRemarkedOn() {
        assertThat(Samplers.of("heun", COSINE).steps(20).remarks())
                .singleElement()
                .asString()
                .startsWith("heun steps from 20291 times as much noise as data to 12.2 at once")
                .contains("counts 833 times: heun-karras");
        assertThat(Samplers.of("heun", COSINE).steps(1).remarks()).isEmpty();
        assertThat(Samplers.of("heun", COSINE).steps(200).remarks()).isEmpty();
        assertThat(Samplers.of("heun-karras", COSINE).steps(5).remarks()).isEmpty();
        assertThat(Samplers.of("heun", GaussianDiffusion.dit()).steps(5).remarks()).isEmpty();
        var flow = new StraightFlow(1000, new FlowShift.Fixed(2));
        assertThat(StraightSamplers.of("heun", flow).steps(3).remarks()).isEmpty();
    }

    /// The distance from the exact solution.
    private static double errorAfter(String name, int steps, int calls) {
        Sampler sampler = Samplers.of(name, COSINE).steps(steps);
        assertThat(sampler.calls()).isEqualTo(calls);
        double start = Ops.item(sampler.start(noise()).x());
        double exact = MEAN + (start - MEAN) * STD / Math.hypot(STD, ratio(999));
        return Math.abs(Ops.item(run(sampler, calls, _ -> 0)) - exact);
    }

    private static Tensor run(Sampler sampler, int calls, DoubleUnaryOperator error) {
        SamplerState s = sampler.start(noise());
        for (int i = 0; i < calls; i++) {
            double ratio = ratio(sampler.timestep(s));
            Tensor v = best(sampler.modelInput(s), ratio, error.applyAsDouble(ratio));
            s = sampler.next(s, v, NoiseSource.NONE);
        }
        return s.x();
    }

    private static Tensor noise() {
        return Tensors.full(0.7, Dtype.FLOAT64, 1, 1, 1);
    }

    /// `v = alpha E[eps] - sigma E[x0] = (alpha x - E[x0]) / sigma`.
    private static Tensor best(Tensor x, double ratio, double error) {
        double alpha = 1 / Math.hypot(1, ratio);
        double sigma = ratio * alpha;
        double gain = alpha * STD * STD / (alpha * alpha * STD * STD + sigma * sigma);
        Tensor data = Ops.add(Ops.mul(Ops.add(x, -alpha * MEAN), gain), MEAN + error);
        return Ops.div(Ops.mul(x, alpha).sub(data), sigma);
    }

    /// `sigma / alpha` at a time between the steps of training: on lines between them.
    private static double ratio(double time) {
        int low = Math.min((int) time, 998);
        Table alphaBar = COSINE.schedule().alphaBar();
        double below = Math.sqrt(1 / alphaBar.at(low) - 1);
        double above = Math.sqrt(1 / alphaBar.at(low + 1) - 1);
        return below + (time - low) * (above - below);
    }
}
