package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SdEditTest {
    private static final String SCHEDULER =
            """
            {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}
            """;

    private final TensorScope scope = TensorScope.open();

    @AfterEach
    void free() {
        scope.close();
    }

    private static StraightFlow flow() {
        var json = org.dit4j.checkpoint.JsonFile.mapper().readTree(SCHEDULER);
        return SchedulerConfig.parse(json, "test").flow().orElseThrow();
    }

    /// A network that knows the data: its answer is the noise minus the data, wherever it is asked.
    private static Tensor run(Sampler sampler, Tensor data, Tensor noise) {
        return Sampling.run(
                sampler, (x, t) -> noise.sub(data), noise, NoiseSource.of(Rng.seeded(9)));
    }

    /// diffusers takes the last `int(max(steps - min(steps * strength, steps), 0))` steps.
    @ParameterizedTest
    @CsvSource({"8,0.6,3", "8,0.75,2", "10,0.3,7", "28,1,0", "4,0.01,3", "50,0.02,49"})
    void strengthIsAShareOfTheSteps(int steps, double strength, int first) {
        assertThat(SdEdit.firstStep(steps, strength)).isEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
    void otherStrengthsAreRefused(double strength) {
        assertThatThrownBy(() -> SdEdit.firstStep(8, strength))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("the strength must be above 0 and at most 1");
    }

    /// On a straight path a constant slope leads to the data from wherever the run starts.
    @ParameterizedTest
    @ValueSource(strings = {"euler", "heun", "dpm++2m", "unipc"})
    void everyMethodEndsAtTheDataFromAnyStep(String name) {
        try (var rng = Rng.seeded(1)) {
            Tensor data = rng.normal(2, 3, 4, 4);
            Tensor noise = rng.normal(2, 3, 4, 4);
            Sampler method = StraightSamplers.of(name, flow()).steps(6);
            for (int step = 0; step < 6; step++) {
                Tensor end = run(new SdEdit(method, data, noise, step, null), data, noise);
                assertThat(Ops.maxAbsDifference(end, data)).as("step " + step).isLessThan(1e-5);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"euler", "heun", "dpm++2m", "dpm++2s", "unipc"})
    void theTimesOfARunAreKnownAhead(String name) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor noise = rng.normal(1, 3, 4, 4);
            Sampler method = StraightSamplers.of(name, flow()).steps(6);
            assertThat(method.knownTimes()).isNotEmpty();
            var asked = new ArrayList<Float>();
            Sampling.run(
                    method,
                    (x, t) -> {
                        asked.add(Tensors.floats(t)[0]);
                        return noise;
                    },
                    noise,
                    NoiseSource.of(rng));
            assertThat(method.knownTimes()).containsAll(asked);
            assertThat(new SdEdit(method, noise, noise, 2, null).knownTimes())
                    .isEqualTo(method.knownTimes());
        }
    }

    @Test
    void theStartHasTheNoiseOfItsStep() {
        try (var rng = Rng.seeded(1)) {
            Tensor data = rng.normal(1, 1, 2, 2);
            Tensor noise = rng.normal(1, 1, 2, 2);
            var method = (LeveledSampler) StraightSamplers.of("euler", flow()).steps(4);
            SamplerState s = new SdEdit(method, data, noise, 2, null).start(noise);
            // shifted by 3: sigma = 3 u / (1 + 2 u)
            double sigma = method.levels().sigma().at(2);
            Tensor expected = Ops.addScaled(Ops.mul(data, 1 - sigma), noise, sigma);
            assertThat(s.call()).isEqualTo(2);
            assertThat(Ops.maxAbsDifference(s.x(), expected)).isLessThan(1e-6);
        }
    }

    @Test
    void whatIsKeptIsTheDataAndTheRestIsSampled() {
        try (var rng = Rng.seeded(1)) {
            Tensor data = rng.normal(1, 1, 2, 2);
            Tensor other = rng.normal(1, 1, 2, 2);
            Tensor noise = rng.normal(1, 1, 2, 2);
            Tensor mask = Tensors.of(new float[] {0, 1, 1, 0}, 1, 1, 2, 2);
            Sampler method = StraightSamplers.of("euler", flow()).steps(5);
            var edit = new SdEdit(method, data, noise, 0, mask);
            float[] end = Tensors.floats(run(edit, other, noise));
            float[] kept = Tensors.floats(data);
            float[] sampled = Tensors.floats(other);
            assertThat(end[0]).isEqualTo(kept[0]);
            assertThat(end[3]).isEqualTo(kept[3]);
            assertThat(end[1]).isCloseTo(sampled[1], within());
            assertThat(end[2]).isCloseTo(sampled[2], within());
        }
    }

    private static org.assertj.core.data.Offset<Float> within() {
        return org.assertj.core.api.Assertions.within(1e-5f);
    }

    @Test
    void methodsInBlocksCannotStartFromData() {
        Tensor one = Tensors.zeros(Dtype.FLOAT32, 1);
        Sampler method = StraightSamplers.of("dpm++2s", flow()).steps(4);
        assertThatThrownBy(() -> new SdEdit(method, one, one, 1, null).start(one))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("cannot start from a picture");
    }
}
