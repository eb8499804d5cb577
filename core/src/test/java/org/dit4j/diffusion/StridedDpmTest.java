package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StridedDpmTest {
    private static final int STEPS = 5;
    private TensorScope scope;
    private Rng rng;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        rng = Rng.seeded(8);
    }

    @AfterEach
    void close() {
        rng.close();
        scope.close();
    }

    private static SchedulerConfig config(String options) {
        return SchedulerConfig.parse(
                JsonFile.mapper()
                        .readTree(
                                "{\"_class_name\": \"CogVideoXDPMScheduler\","
                                        + " \"prediction_type\": \"v_prediction\","
                                        + " \"timestep_spacing\": \"trailing\""
                                        + options
                                        + "}"),
                "test");
    }

    /// Draws of a run: two for a step of second order, which are all but the first and the last.
    private double[] draws() {
        return Tensors.doubles(rng.normal(2 * STEPS - 2));
    }

    private static double run(SchedulerConfig config, double start, double[] draws) {
        Tensor all = Tensors.of(draws, draws.length, 1, 1);
        Denoiser network = (x, t) -> Ops.mul(x, 0.3).add(Ops.mul(t.unsqueeze(1), 1e-3).sin());
        Tensor x = Tensors.of(new double[] {start}, 1, 1);
        Sampler sampler = config.sampler(1).steps(STEPS);
        return Ops.item(Sampling.run(sampler, network, x, NoiseSource.replay(all)));
    }

    /// Lu et al. 2022, equation of SDE-DPM-Solver++(2M): with `D` the extrapolated data, `x_t =
    /// sigma_t / sigma_s e^-h x_s + alpha_t (1 - e^-2h) D + sigma_t sqrt(1 - e^-2h) z`.
    private static double worked(NoiseSchedule schedule, double start, double[] draws) {
        double x = start;
        double older = 0;
        double lastH = 0;
        int draw = 0;
        for (int i = 0; i < STEPS; i++) {
            int t = 999 - 200 * i;
            double bar = schedule.alphaBar().at(t);
            double next = i == STEPS - 1 ? 1 : schedule.alphaBar().at(t - 200);
            double v = 0.3 * x + Math.sin(1e-3 * t);
            double x0 = Math.sqrt(bar) * x - Math.sqrt(1 - bar) * v;
            if (i == STEPS - 1) {
                return x0;
            }
            double h = Math.log(Math.sqrt(next / (1 - next)) / Math.sqrt(bar / (1 - bar)));
            double data = i == 0 ? x0 : x0 + (x0 - older) * h / (2 * lastH);
            draw += i == 0 ? 1 : 2;
            x =
                    Math.sqrt((1 - next) / (1 - bar)) * Math.exp(-h) * x
                            + Math.sqrt(next) * (1 - Math.exp(-2 * h)) * data
                            + Math.sqrt(1 - next)
                                    * Math.sqrt(1 - Math.exp(-2 * h))
                                    * draws[draw - 1];
            older = x0;
            lastH = h;
        }
        throw new IllegalStateException("unreachable");
    }

    @Test
    void stepsAreThoseOfTheEquation() {
        SchedulerConfig config = config("");
        double[] draws = draws();
        assertThat(run(config, 0.8, draws))
                .isCloseTo(
                        worked(config.training().orElseThrow().schedule(), 0.8, draws),
                        within(1e-6));
    }

    @Test
    void theScheduleIsShiftedAndMayEndInPureNoise() {
        double plain = 1;
        for (int i = 0; i < 1000; i++) {
            double root = Math.sqrt(0.00085) + (Math.sqrt(0.012) - Math.sqrt(0.00085)) * i / 999;
            plain *= 1 - root * root;
        }
        Table bars = config("").training().orElseThrow().schedule().alphaBar();
        assertThat(bars.at(999)).isCloseTo(plain / (3 - 2 * plain), within(1e-9));
        SchedulerConfig zero = config(", \"rescale_betas_zero_snr\": true");
        NoiseSchedule schedule = zero.training().orElseThrow().schedule();
        assertThat(schedule.alphaBar().at(999)).isZero();
        double[] draws = draws();
        assertThat(run(zero, 0.8, draws)).isCloseTo(worked(schedule, 0.8, draws), within(1e-6));
    }

    @Test
    void aStepOfSecondOrderDrawsTwiceAndTakesTheSecond() {
        double[] draws = draws();
        SchedulerConfig config = config("");
        double x = run(config, 0.8, draws);
        var changed = new ArrayList<Integer>();
        for (int i = 0; i < draws.length; i++) {
            double[] other = draws.clone();
            other[i] += 1;
            if (run(config, 0.8, other) != x) {
                changed.add(i);
            }
        }
        assertThat(changed).isEqualTo(List.of(0, 2, 4, 6));
    }
}
