package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.SplitCall;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CachingTest {
    private static final GaussianDiffusion TRAINING =
            new GaussianDiffusion(NoiseSchedule.linear(1000), Target.EPSILON, Variance.FIXED_SMALL);

    /// Two blocks, neither linear, so that every rounding and every spared call shows.
    private static final SplitDenoiser NETWORK =
            (x, t) -> {
                Tensor after = x.add(Ops.mul(x.tanh(), 0.3));
                return new SplitCall(
                        x, after, () -> after.add(after.sin()), z -> Ops.mul(z.tanh(), 0.9));
            };

    @TempDir Path folder;
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static float[] sampled(RunDenoiser network, String method, int steps) {
        Sampler sampler = Samplers.of(method, TRAINING).steps(steps);
        try (var rng = Rng.seeded(8)) {
            Tensor start = rng.normal(2, 4, 5, 3);
            return Tensors.floats(Sampling.run(sampler, network, start, NoiseSource.of(rng)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "first-block:0", "taylor:1:2", "step:0:0", "step:0:1"})
    void aCacheThatSparesNothingChangesNoBit(String cache) {
        RunDenoiser cached = Caching.parse(cache).over(NETWORK);
        for (String method : List.of("dpm++2m", "heun", "ddpm")) {
            assertThat(sampled(cached, method, 12)).isEqualTo(sampled(NETWORK, method, 12));
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "2", "3"})
    void aForecastIsExactForPolynomialsOfItsOrderAndNoOthers(int order) {
        double[] times = {9.5, 7, 6.5, 3, 2};
        for (int degree = 0; degree <= order + 1; degree++) {
            Forecast forecast = new Forecast(List.of(), List.of());
            for (double time : times) {
                forecast = forecast.with(time, polynomial(time, degree), order);
            }
            double error = Ops.maxAbsDifference(forecast.at(-1.5), polynomial(-1.5, degree));
            assertThat(forecast.values()).hasSize(order + 1);
            if (degree <= order) {
                assertThat(error).isLessThan(1e-9);
            } else {
                assertThat(error).isGreaterThan(0.1);
            }
        }
    }

    /// `1 - t / 2 + t^2 / 4 - ...`, and twice that.
    private static Tensor polynomial(double t, int degree) {
        double sum = 0;
        for (int i = degree; i >= 0; i--) {
            sum = 1 - sum * t / 2;
        }
        return Tensors.of(new double[] {sum, 2 * sum}, 1, 2);
    }

    @Test
    void aNewerValueOfTheSameTimeTakesThePlaceOfTheOlder() {
        Forecast forecast =
                new Forecast(List.of(), List.of())
                        .with(2, Tensors.scalar(5), 2)
                        .with(1, Tensors.scalar(3), 2)
                        .with(1, Tensors.scalar(4), 2);
        assertThat(forecast.times()).containsExactly(1.0, 2.0);
        assertThat(Ops.item(forecast.at(0))).isEqualTo(3); // the line through (2, 5) and (1, 4)
    }

    @Test
    void taylorComputesTheFirstCallsAndThenOneOfAnInterval() {
        var times = new ArrayList<Double>();
        Denoiser quadratic =
                (x, t) -> {
                    times.add(Tensors.doubles(t)[0]);
                    double u = times.getLast() / 1000;
                    return Ops.add(Ops.mul(x, 0), 0.3 + 0.5 * u - 0.7 * u * u);
                };
        float[] whole = sampled(quadratic, "dpm++2m", 24);
        var all = List.copyOf(times);
        times.clear();
        float[] forecast = sampled(new TaylorCache(5, 2).over(quadratic), "dpm++2m", 24);
        assertThat(times)
                .containsExactlyElementsOf(
                        List.of(0, 1, 2, 7, 12, 17, 22).stream().map(all::get).toList());
        float largest = 0;
        float difference = 0;
        for (int i = 0; i < whole.length; i++) {
            largest = Math.max(largest, Math.abs(whole[i]));
            difference = Math.max(difference, Math.abs(whole[i] - forecast[i]));
        }
        assertThat(difference / largest).isLessThan(1e-5f);
    }

    @Test
    void stepsAreSparedWhileTheAnswerIsExpectedToStayTheSame() {
        var inputs = new ArrayList<Double>();
        Denoiser line =
                (x, t) -> {
                    inputs.add(Tensors.doubles(x)[0]);
                    return Ops.add(Ops.mul(x, 2), 1);
                };
        RunDenoiser cached = new StepCache(0.1, 0).over(line);
        Memory memory = Memory.NONE;
        var answers = new ArrayList<Double>();
        // the answer 2 x + 1 changes by 2 for a change of 1, relative to 21 at x = 10
        for (double x : new double[] {8, 10, 11, 10.9, 11.1, 12.2}) {
            Tensor t = Tensors.full(100 - x, Dtype.FLOAT32, 1);
            var reply = cached.predict(Tensors.full(x, Dtype.FLOAT32, 1, 1), t, memory);
            memory = reply.memory();
            answers.add(Tensors.doubles(reply.prediction())[0]);
        }
        // 11: 2 / 21 < 0.1; 11.1: 2.2 / 21 > 0.1; 12.2: 2.2 / 23.2 < 0.1
        assertThat(inputs.stream().map(x -> Math.round(x * 10))).containsExactly(80L, 100L, 111L);
        assertThat(answers.get(2)).isEqualTo(21);
        assertThat(answers.get(3)).isEqualTo(21);
        assertThat(answers.get(5)).isEqualTo(answers.get(4));
    }

    @Test
    void theOtherBlocksAreSparedWhileTheFirstAddsTheSameForEverySample() {
        var computed = new ArrayList<Integer>();
        SplitDenoiser network =
                (x, t) -> {
                    Tensor after = x.add(x); // adds x
                    return new SplitCall(
                            x,
                            after,
                            () -> {
                                computed.add((int) t.size(0));
                                return after.add(after.square());
                            },
                            z -> Ops.mul(z, 10));
                };
        RunDenoiser cached = new FirstBlockCache(0.2).over(network);
        Memory memory = cached.predict(column(1, 2), column(5, 5), Memory.NONE).memory();
        var same = cached.predict(column(1.125, 2.25), column(4, 4), memory);
        // 2 x, and the square of 2 x that there was at x = 1 and 2
        assertThat(Tensors.floats(same.prediction())).containsExactly(62.5f, 205);
        assertThat(same.memory()).isSameAs(memory);
        var one = cached.predict(column(1, 2.5), column(3, 3), same.memory());
        assertThat(Tensors.floats(one.prediction())).containsExactly(60, 300);
        cached.predict(column(1), column(2), one.memory()); // another batch starts anew
        assertThat(computed).containsExactly(2, 2, 1);
    }

    private static Tensor column(double... values) {
        return Ops.to(Tensors.of(values, values.length), Dtype.FLOAT32);
    }

    @ParameterizedTest
    @ValueSource(strings = {"first-block:0.3", "taylor:3:1", "step:0.3:1"})
    void aRunWithACacheCanBePausedSavedAndBranched(String cache) {
        RunDenoiser network = guided(Caching.parse(cache));
        Sampler sampler = Samplers.of("dpm++2m-sde", TRAINING).steps(20);
        for (int pause : new int[] {1, 7, 8, 9}) {
            Path file = folder.resolve(cache.replace(':', '-') + pause);
            Tensor whole;
            try (var rng = Rng.seeded(8)) {
                SamplerState start = sampler.start(rng.normal(2, 4, 5, 3));
                NoiseSource noise = NoiseSource.of(rng);
                SamplerState s =
                        Sampling.run(
                                sampler, network, start, noise, (at, calls) -> at.call() < pause);
                assertThat(s.memory().all()).isNotEmpty();
                SamplerStates.save(file, cache, s, Optional.of(rng));
                whole = Sampling.run(sampler, network, s, noise, Progress.NONE).x();
            }
            assertThat(Tensors.floats(whole))
                    .isEqualTo(straight(sampler, network))
                    .isNotEqualTo(straight(sampler, guided(Caching.OFF)));
            for (int branch = 0; branch < 2; branch++) {
                var saved = SamplerStates.load(file, cache);
                try (var rng = saved.rng().orElseThrow()) {
                    SamplerState end =
                            Sampling.run(
                                    sampler,
                                    network,
                                    saved.state(),
                                    NoiseSource.of(rng),
                                    Progress.NONE);
                    assertThat(Tensors.floats(end.x())).isEqualTo(Tensors.floats(whole));
                }
            }
        }
    }

    private static float[] straight(Sampler sampler, RunDenoiser network) {
        try (var rng = Rng.seeded(8)) {
            Tensor start = rng.normal(2, 4, 5, 3);
            NoiseSource noise = NoiseSource.of(rng);
            return Tensors.floats(Sampling.run(sampler, network, start, noise));
        }
    }

    private static RunDenoiser guided(Caching caching) {
        RunDenoiser cached = caching.over(NETWORK);
        return Guidance.of(3, Guidance.Scope.DATA).over(cached, cached);
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "taylor:2:0"})
    void outsideOfTheIntervalOnlyTheConditionalHalfIsComputed(String cache) {
        var rows = new ArrayList<Long>();
        Denoiser counting =
                (x, t) -> {
                    rows.add(x.size(0));
                    return Ops.mul(x.tanh(), 0.9);
                };
        RunDenoiser cached = Caching.parse(cache).over(counting);
        Guidance guidance =
                Guidance.of(3, Guidance.Scope.DATA).during(new Guidance.Interval(300, 600));
        sampled(guidance.over(cached, cached), "ddim", 10);
        // times 999, 888, ... 0, of which 555, 444 and 333 are guided
        assertThat(rows)
                .isEqualTo(
                        cache.equals("off")
                                ? List.of(2L, 2L, 2L, 2L, 4L, 4L, 4L, 2L, 2L, 2L)
                                : List.of(2L, 2L, 4L, 4L, 2L, 2L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"first-block:0.3", "taylor:3:2", "step:0.3:2"})
    void aThousandStepsLeaveNothingBehind(String cache) {
        Sampler sampler = Samplers.of("ddim", TRAINING).steps(1000);
        var pointers = new ArrayList<Long>();
        try (var rng = Rng.seeded(1)) {
            SamplerState start = sampler.start(rng.normal(1, 4, 8, 8));
            Progress progress =
                    (s, calls) -> {
                        if (s.call() % 300 == 30) { // multiples of every interval
                            pointers.add(Pointer.totalCount());
                        }
                        return true;
                    };
            RunDenoiser network = guided(Caching.parse(cache));
            Sampling.run(sampler, network, start, NoiseSource.of(rng), progress);
        }
        assertThat(pointers).hasSize(4);
        assertThat(pointers.getLast() - pointers.getFirst()).isLessThan(16);
    }

    @Test
    void textsAreReadBackAndMistakesAreOneClearLine() {
        for (String text : List.of("off", "first-block:0.08", "taylor:4:2", "step:0.15:1")) {
            assertThat(Caching.parse(text).text()).isEqualTo(text);
        }
        for (String text : List.of("", "taylor:4", "taylor:x:1", "first-block", "none:1")) {
            assertThatThrownBy(() -> Caching.parse(text))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageStartingWith("a cache is off, first-block:THRESHOLD,")
                    .hasMessageEndingWith("not " + text);
        }
        assertThatThrownBy(() -> Caching.parse("taylor:0:1"))
                .hasMessage("the interval of a cache must be 1 to 1000 but is 0");
        assertThatThrownBy(() -> Caching.parse("step:NaN:1"))
                .hasMessage("the threshold of a cache must be 0 to 10 but is NaN");
        RunDenoiser cached = new TaylorCache(2, 0).over(NETWORK);
        assertThatThrownBy(() -> cached.predict(column(1, 2), column(3, 4), Memory.NONE))
                .hasMessage("a cache needs samples of one time, but there are 3.0 and 4.0");
    }
}
