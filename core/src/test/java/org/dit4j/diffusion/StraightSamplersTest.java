package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StraightSamplersTest {
    private static final double DATA_STD = 0.5;
    private static final StraightFlow FLOW = new StraightFlow(1000, new FlowShift.Fixed(2));

    @TempDir private Path folder;

    static Stream<String> names() {
        return StraightSamplers.names().stream();
    }

    /// With the best network for data N(0, 0.5^2) every method ends near that distribution.
    @ParameterizedTest
    @MethodSource("names")
    void everyMethodSamplesTheDistributionOfTheData(String name) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(5)) {
            Sampler sampler = StraightSamplers.of(name, FLOW).steps(100);
            Tensor start = rng.normal(1, 1, 100, 100);
            Tensor x =
                    Sampling.run(sampler, StraightSamplersTest::best, start, NoiseSource.of(rng));
            double std = Math.sqrt(Ops.item(x.square().mean()));
            // going back to fresh noise each time forgets nothing of the errors made before
            double wide = name.equals("euler-stochastic") ? 0.5 : 0.03;
            assertThat(std).isBetween(DATA_STD - wide, DATA_STD + 0.03);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void aRunGoesOnFromItsFile(String name) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(5)) {
            Sampler sampler = StraightSamplers.of(name, FLOW).steps(6);
            SamplerState s = sampler.start(rng.normal(2, 3, 4));
            for (int i = 0; i < 3; i++) {
                s = advanced(sampler, s);
            }
            Path file = folder.resolve("state");
            SamplerStates.save(file, name, s, Optional.empty());
            SamplerState read = SamplerStates.load(file, name).state();
            while (!sampler.done(s)) {
                s = advanced(sampler, s);
                read = advanced(sampler, read);
            }
            assertThat(Ops.maxAbsDifference(s.x(), read.x())).isZero();
        }
    }

    @Test
    void anUnknownNameIsAnswered() {
        assertThat(StraightSamplers.names()).containsAll(List.of("euler", "heun", "unipc"));
        assertThatThrownBy(() -> StraightSamplers.of("unipx", FLOW))
                .hasMessageContaining("did you mean unipc?");
    }

    private static SamplerState advanced(Sampler sampler, SamplerState s) {
        return Sampling.advance(
                sampler,
                StraightSamplersTest::best,
                s,
                shape -> Tensors.zeros(Dtype.FLOAT32, shape));
    }

    /// `E[noise - data | x]`, with time in thousandths.
    private static Tensor best(Tensor x, Tensor t) {
        double sigma = Tensors.floats(t)[0] / 1000;
        double variance = DATA_STD * DATA_STD * (1 - sigma) * (1 - sigma) + sigma * sigma;
        return Ops.mul(x, (sigma - DATA_STD * DATA_STD * (1 - sigma)) / variance);
    }
}
