package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplersTest {
    private static final GaussianDiffusion TRAINING =
            new GaussianDiffusion(NoiseSchedule.linear(1000), Target.EPSILON, Variance.FIXED_SMALL);

    @Test
    void theNamesAre() {
        assertThat(Samplers.names())
                .containsExactly(
                        "ddpm",
                        "ddim",
                        "dpm++1",
                        "dpm++2m",
                        "dpm++2m-karras",
                        "dpm++2m-exponential",
                        "dpm++2m-beta",
                        "dpm++2m-lu",
                        "dpm++3m",
                        "dpm++3m-karras",
                        "dpm++2m-sde",
                        "dpm++2m-sde-karras",
                        "dpm++2s",
                        "dpm++3s",
                        "dpm2m",
                        "dpm3m",
                        "deis",
                        "unipc",
                        "unipc-karras",
                        "euler",
                        "euler-karras",
                        "euler-beta",
                        "euler-a",
                        "heun",
                        "heun-karras",
                        "lcm",
                        "tcd");
    }

    static Stream<String> names() {
        // the methods for distilled networks make no sense with another one
        return Samplers.names().stream().filter(n -> !n.equals("lcm") && !n.equals("tcd"));
    }

    /// With the best network for data N(0, 0.5^2) every method ends near that distribution.
    @ParameterizedTest
    @MethodSource("names")
    void everyMethodSamplesTheDistributionOfTheData(String name) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(11)) {
            Sampler sampler = Samplers.of(name, TRAINING).steps(200);
            Table alphaBar = TRAINING.schedule().alphaBar();
            Denoiser network =
                    (x, t) -> {
                        double bar = alphaBar.at((int) Tensors.floats(t)[0]);
                        return Ops.mul(x, Math.sqrt(1 - bar) / (bar * 0.25 + 1 - bar));
                    };
            Tensor start = rng.normal(1, 1, 100, 100);
            Tensor x = Sampling.run(sampler, network, start, NoiseSource.of(rng));
            // beta levels are linear in sigma, so few of them are near the data
            double wide = name.endsWith("-beta") ? 0.1 : 0.03;
            assertThat(Math.sqrt(Ops.item(x.square().mean()))).isBetween(0.5 - wide, 0.5 + wide);
            assertThat(Ops.item(x.mean())).isBetween(-0.02, 0.02);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyMethodTakesOneStepAndRefusesNone(String name) {
        SamplerFactory method = Samplers.of(name, TRAINING);
        assertThat(method.steps(1).calls()).isEqualTo(1);
        for (int absurd : new int[] {0, -3, 1001, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> method.steps(absurd))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage(
                            "the number of sampling steps must be in 1..1000, the number of"
                                    + " training steps, but is "
                                    + absurd);
        }
    }

    @Test
    void anUnknownNameGetsASuggestion() {
        assertThatThrownBy(() -> Samplers.of("DPM++2M-karas", TRAINING))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(
                        "there is no sampler DPM++2M-karas; did you mean dpm++2m-karras? there are"
                                + " ddpm, ddim, ");
        assertThatThrownBy(() -> Samplers.of("heun-of-the-sea", TRAINING))
                .hasMessageStartingWith("there is no sampler heun-of-the-sea; there are ddpm");
    }
}
