package org.dit4j.diffusion;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Device;
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
import org.junit.jupiter.params.provider.ValueSource;

class SamplerStatesTest {
    private static final GaussianDiffusion TRAINING =
            new GaussianDiffusion(NoiseSchedule.linear(1000), Target.EPSILON, Variance.FIXED_SMALL);

    /// Not linear in x, so that every rounding shows.
    private static final Denoiser NETWORK = (x, t) -> Ops.mul(x.tanh(), 0.9);

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

    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "ddim", "dpm++2m", "dpm++3m", "dpm++2m-sde"})
    void aRunThatWasSavedGoesOnAsIfItHadNeverStopped(String method) {
        Sampler sampler = Samplers.of(method, TRAINING).steps(12);
        Path file = folder.resolve("run.safetensors");
        Tensor whole;
        try (var rng = Rng.seeded(8)) {
            Tensor start = rng.normal(2, 4, 5, 3);
            SamplerState s =
                    Sampling.run(
                            sampler,
                            NETWORK,
                            sampler.start(start),
                            NoiseSource.of(rng),
                            (state, calls) -> state.call() < 5);
            SamplerStates.save(file, method, s, Optional.of(rng));
            whole = Sampling.run(sampler, NETWORK, s, NoiseSource.of(rng), Progress.NONE).x();
        }
        for (int branch = 0; branch < 2; branch++) {
            var saved = SamplerStates.load(file, method);
            assertThat(saved.state().call()).isEqualTo(5);
            try (var rng = saved.rng().orElseThrow()) {
                SamplerState end =
                        Sampling.run(
                                sampler,
                                NETWORK,
                                saved.state(),
                                NoiseSource.of(rng),
                                Progress.NONE);
                assertThat(sampler.done(end)).isTrue();
                assertThat(Tensors.floats(end.x())).isEqualTo(Tensors.floats(whole));
            }
        }
    }

    @Test
    void aStateWithoutGeneratorAndPreviewIsKept() {
        Path file = folder.resolve("start.safetensors");
        Tensor x = Tensors.full(2, Dtype.BFLOAT16, 1, 2, 2);
        SamplerStates.save(file, "", SamplerState.first(x), Optional.empty());
        var saved = SamplerStates.load(file, "");
        assertThat(saved.rng()).isEmpty();
        assertThat(saved.state().x0()).isNull();
        assertThat(saved.state().history()).isEmpty();
        assertThat(Dtype.of(saved.state().x())).isEqualTo(Dtype.BFLOAT16);
    }

    @Test
    void movesToADeviceButForTheNumbersThatAreReadOnTheCpu() {
        Tensor x = Tensors.zeros(Dtype.FLOAT32, 1, 2, 3, 3);
        Tensor times = Tensors.of(new double[] {0.25, 0.5}, 2);
        SamplerState there = new SamplerState(x, 3, List.of(times, x), x).on(Device.META);
        assertThat(Device.of(there.x())).isEqualTo(Device.META);
        assertThat(Device.of(requireNonNull(there.x0()))).isEqualTo(Device.META);
        assertThat(there.history().stream().map(Device::of))
                .containsExactly(Device.CPU, Device.META);
        assertThat(there.call()).isEqualTo(3);
    }

    @Test
    void theFileOfAnotherRunIsRefused() {
        Path file = folder.resolve("run.safetensors");
        Tensor x = Tensors.zeros(Dtype.FLOAT32, 1, 1);
        SamplerStates.save(file, "ddim 50", SamplerState.first(x), Optional.empty());
        assertThatThrownBy(() -> SamplerStates.load(file, "ddim 20"))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file + " is the run \"ddim 50\", not \"ddim 20\"");
    }

    @Test
    void whatIsNoStateIsRefused() throws IOException {
        Tensor x = Tensors.zeros(Dtype.FLOAT32, 1, 2);
        Tensor other = Tensors.zeros(Dtype.FLOAT32, 1, 3);
        Tensor junk = Tensors.zeros(Dtype.UINT8, 5056);
        refused(Map.of("x", x), Map.of(), "is no sampler state");
        refused(Map.of("y", x), state("1"), "has no tensor x");
        refused(Map.of("x", x, "y", x), state("1"), "has an unexpected tensor y");
        refused(Map.of("x", x, "history.1", x), state("1"), "unexpected tensor history.1");
        refused(Map.of("x", x, "x0", other), state("1"), "has x0 of another type or shape");
        refused(Map.of("x", x), state("-1"), "has the call number \"-1\"");
        refused(Map.of("x", x, "rng", x), state("1"), "has a generator state that is not");
        refused(Map.of("x", x, "rng", junk), state("1"), "has an invalid generator state");
        String one = "{\"tensors\": 1, \"numbers\": [2.5], \"parts\": []}";
        refused(Map.of("x", x), memory("[1]"), "has a damaged outline of its memory");
        refused(Map.of("x", x), memory(one), "has no tensor memory.0");
        refused(Map.of("x", x, "memory.0", junk), memory(one), "has a memory.0 that is no tensor");
        refused(Map.of("x", x, "memory.0", x, "memory.1", x), memory(one), "tensor memory.1");
        refused(Map.of("x", x, "memory.0", x), state("1"), "has an unexpected tensor memory.0");
        refused(Map.of("x", x), memory(one.replace("1,", "-1,")), "has a damaged outline");
        Path file = folder.resolve("cut.safetensors");
        SamplerStates.save(file, "", SamplerState.first(x), Optional.empty());
        try (var cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(Files.size(file) - 1);
        }
        assertThatThrownBy(() -> SamplerStates.load(file, ""))
                .isInstanceOf(CheckpointException.class);
    }

    @Test
    void aThousandStepsLeaveNothingBehind() throws IOException {
        var config = new Dit.Config(8, 2, 4, 32, 2, 4, 4, 0.1, 10, true, Dit.Variant.ORIGINAL);
        try (var rng = Rng.seeded(1);
                var dit = Dit.initialise(config, rng)) {
            Tensor pair = Tensors.of(new long[] {1, 10}, 2);
            Tensor y = Tensors.of(new long[] {1}, 1);
            Denoiser network =
                    Guidance.of(4, Guidance.Scope.DATA)
                            .over(
                                    (x, t) -> dit.forward(x, t, pair),
                                    (x, t) -> dit.forward(x, t, y));
            Sampler sampler = Samplers.of("dpm++2m-sde-karras", TRAINING).steps(1000);
            var pointers = new long[2];
            var resident = new long[2];
            Progress progress =
                    (s, calls) -> {
                        if (s.call() == 100 || s.call() == 990) {
                            int i = s.call() == 100 ? 0 : 1;
                            pointers[i] = Pointer.totalCount();
                            resident[i] = Pointer.physicalBytes();
                        }
                        return true;
                    };
            SamplerState start = sampler.start(rng.normal(1, 4, 8, 8));
            // the first run lets the Java heap, which counts as resident too, find its size
            Sampling.run(sampler, network, start, NoiseSource.of(rng), Progress.NONE).x().close();
            Sampling.run(sampler, network, start, NoiseSource.of(rng), progress);
            assertThat(pointers[1]).isLessThanOrEqualTo(pointers[0]); // other garbage may go
            assertThat(resident[1] - resident[0]).isLessThan(32L << 20);
        }
    }

    private static Map<String, String> memory(String outline) {
        return Map.of("kind", "dit4j sampler state 1", "run", "", "call", "1", "memory", outline);
    }

    private static Map<String, String> state(String call) {
        return Map.of("kind", "dit4j sampler state 1", "run", "", "call", call);
    }

    private void refused(Map<String, Tensor> tensors, Map<String, String> metadata, String why) {
        Path file = folder.resolve("bad.safetensors");
        Safetensors.write(file, tensors, metadata);
        assertThatThrownBy(() -> SamplerStates.load(file, ""))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(why);
    }
}
