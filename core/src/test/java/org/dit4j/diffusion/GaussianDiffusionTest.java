package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GaussianDiffusionTest {
    private TensorScope scope;
    private Rng rng;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        rng = Rng.seeded(7);
    }

    @AfterEach
    void close() {
        scope.close();
        rng.close();
    }

    @Test
    void eachTargetLeadsBackToTheData() {
        Tensor x0 = rng.normal(3, 2, 4, 4);
        Tensor noise = rng.normal(3, 2, 4, 4);
        Tensor t = Tensors.of(new long[] {0, 400, 700}, 3);
        for (Target target : Target.values()) {
            var d = new GaussianDiffusion(NoiseSchedule.linear(1000), target, Variance.FIXED_SMALL);
            Tensor xt = d.noised(x0, t, noise);
            Tensor found = d.x0Of(d.targetOf(x0, t, noise), xt, t);
            assertThat(Ops.maxAbsDifference(found, x0)).as("%s", target).isLessThan(1e-4);
            assertThat(Ops.maxAbsDifference(d.noiseOf(x0, xt, t), noise)).isLessThan(1e-4);
        }
    }

    @Test
    void theLossOfAPerfectNetworkIsZero() {
        var d =
                new GaussianDiffusion(
                        NoiseSchedule.cosine(100), Target.EPSILON, Variance.FIXED_LARGE);
        Tensor noise = rng.normal(4, 3, 2, 2);
        LossTerms terms = d.trainingLosses((x, t) -> noise, rng.normal(4, 3, 2, 2), times(), noise);
        assertThat(Tensors.floats(terms.loss())).containsOnly(0);
        assertThat(terms.vb()).isNull();
    }

    @Test
    void theBoundTrainsTheVarianceAndNotTheMean() {
        Tensor x0 = rng.normal(4, 2, 3, 3);
        Tensor output = rng.normal(4, 4, 3, 3).requires_grad_(true);
        LossTerms terms =
                GaussianDiffusion.dit()
                        .trainingLosses((x, t) -> output, x0, times(), rng.normal(4, 2, 3, 3));
        Objects.requireNonNull(terms.vb()).sum().backward();
        Tensor mean = output.grad().narrow(1, 0, 2);
        Tensor variance = output.grad().narrow(1, 2, 2);
        assertThat(Ops.item(mean.abs().max())).isZero();
        assertThat(Ops.item(variance.abs().max())).isPositive();
    }

    @Test
    void minSnrWeighsEachTargetAsItsPaperSays() {
        Tensor x0 = rng.normal(4, 2, 3, 3);
        Tensor noise = rng.normal(4, 2, 3, 3);
        NoiseSchedule schedule = NoiseSchedule.linear(1000);
        for (Target target : Target.values()) {
            var d = new GaussianDiffusion(schedule, target, Variance.FIXED_LARGE);
            Denoiser zero = (x, t) -> Ops.mul(x, 0);
            float[] plain = Tensors.floats(d.trainingLosses(zero, x0, times(), noise).loss());
            var loss = new GaussianLoss(d, GaussianLoss.Kind.MSE, OptionalDouble.of(5));
            float[] weighted = Tensors.floats(loss.of(zero, x0, times(), noise).loss());
            long[] t = Tensors.longs(times());
            for (int i = 0; i < t.length; i++) {
                double bar = schedule.alphaBar().at((int) t[i]);
                double snr = bar / (1 - bar);
                double onData = Math.min(snr, 5);
                double weight =
                        switch (target) {
                            case X0 -> onData;
                            case EPSILON -> onData / snr;
                            case V -> onData / (snr + 1);
                        };
                assertThat((double) weighted[i])
                        .isCloseTo(weight * plain[i], within(1e-5 * (1 + weight)));
            }
        }
    }

    @Test
    void aRespacedProcessKeepsTheSignalOfTheStepsItVisits() {
        NoiseSchedule whole = NoiseSchedule.linear(1000);
        NoiseSchedule few = whole.respaced("ddim50");
        assertThat(few.steps()).isEqualTo(50);
        for (int i = 0; i < few.steps(); i++) {
            int original = (int) few.timesteps().at(i);
            assertThat(original).isEqualTo(20 * i);
            assertThat(few.alphaBar().at(i))
                    .isCloseTo(whole.alphaBar().at(original), within(1e-14));
        }
    }

    @Test
    void respacingSaysWhatItCannotDo() {
        assertThatThrownBy(() -> Respacing.space(1000, "ddim333"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("no whole stride takes exactly 333 of 1000 steps");
        assertThatThrownBy(() -> Respacing.space(10, "7,2"))
                .hasMessage("cannot take 7 steps of a section of 5");
        assertThatThrownBy(() -> Respacing.space(10, "x")).hasMessageContaining("but is x");
        assertThatThrownBy(() -> Respacing.space(10, "0")).hasMessageContaining("no step");
    }

    @Test
    void aWrongShapeOrTimestepIsNamed() {
        GaussianDiffusion d = GaussianDiffusion.dit();
        Tensor x = rng.normal(4, 2, 3, 3);
        assertThatThrownBy(() -> d.reverse(x, x, times(), false))
                .isInstanceOf(ShapeException.class)
                .hasMessage("prediction must have shape [4, 4, 3, 3] but has [4, 2, 3, 3]");
        Tensor late = Tensors.of(new long[] {0, 1, 2, 1000}, 4);
        assertThatThrownBy(() -> d.noised(x, late, x))
                .hasMessage("timestep must be in 0..999 but is 1000");
    }

    @Test
    void theSecondMomentSamplerPrefersHighLossesAndCanBeRestored() {
        var sampler = new SecondMomentSampler(3, 2, 0.1);
        Tensor t = Tensors.of(new long[] {0, 1, 2}, 3);
        assertThat(sampler.weights()).containsOnly(1);
        for (int i = 0; i < 3; i++) {
            sampler.update(t, Tensors.of(new float[] {1, 2, 5}, 3));
        }
        double[] expected = {0.9 / 8 + 0.1 / 3, 0.9 * 2 / 8 + 0.1 / 3, 0.9 * 5 / 8 + 0.1 / 3};
        assertThat(sampler.weights()).containsExactly(expected, within(1e-12));
        var restored = new SecondMomentSampler(3, 2, 0.1);
        restored.restore(sampler.state());
        assertThat(restored.weights()).isEqualTo(sampler.weights());
        Tensor u = Tensors.of(new double[] {0, 0.1, 0.5, 0.999}, 4);
        assertThat(Tensors.longs(sampler.draw(u).t())).containsExactly(0, 0, 2, 2);
    }

    private static Tensor times() {
        return Tensors.of(new long[] {0, 10, 50, 99}, 4);
    }
}
