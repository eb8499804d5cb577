package org.dit4j.autoencoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AutoencoderKlTest {
    private static final Path CASES = Path.of("..", "conformance", "cases", "vae");

    private static AutoencoderKl.Config tiny() {
        return AutoencoderKl.Config.of(
                List.of(8, 16), 1, 4, 4, true, 16, LatentScale.of(0.5, 0.25));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kl_sd", "kl_sd3"})
    void encodesAndDecodesAsTheReference(String name) {
        try (var _ = TensorScope.open();
                var reference = StateDict.open(CASES.resolve(name + ".safetensors"));
                var kl = AutoencoderKl.load(CASES.resolve(name), LoadOptions.inference())) {
            Posterior posterior = Ops.noGrad(() -> kl.posterior(reference.tensor("in.x")));
            assertClose(posterior.mean(), reference.tensor("out.mean"));
            assertClose(posterior.logvar(), reference.tensor("out.logvar"));
            Tensor z = reference.tensor("in.z");
            assertClose(Ops.noGrad(() -> kl.reconstruct(z)), reference.tensor("out.decoded"));
            assertClose(kl.decode(kl.config().scale().apply(z)), reference.tensor("out.decoded"));
        }
    }

    @Test
    void trainsWithTheGradientsOfTheReference() {
        try (var _ = TensorScope.open();
                var reference = StateDict.open(CASES.resolve("kl_sd.safetensors"));
                var kl = AutoencoderKl.load(CASES.resolve("kl_sd"), LoadOptions.training())) {
            Tensor x = reference.tensor("in.x");
            Posterior posterior = kl.posterior(x);
            Tensor pictures = kl.reconstruct(posterior.sample(reference.tensor("train.in.eps")));
            assertClose(posterior.kl(), reference.tensor("train.out.kl"));
            Tensor loss = pictures.sub(x).square().mean().add(Ops.mul(posterior.kl().mean(), 0.01));
            loss.backward();
            String prefix = "train.out.grad.";
            for (String name : reference.names()) {
                if (name.startsWith(prefix)) {
                    Tensor w = kl.parameters().all().get(name.substring(prefix.length()));
                    assertClose(w.grad(), reference.tensor(name));
                }
            }
        }
    }

    /// The count of the published autoencoder of Stable Diffusion 1 and DiT.
    @Test
    void hasTheParametersOfThePublishedNetwork() {
        var config =
                AutoencoderKl.Config.of(
                        List.of(128, 256, 512, 512),
                        2,
                        4,
                        32,
                        true,
                        512,
                        LatentScale.of(0.18215, 0));
        try (var kl = new AutoencoderKl(ParameterSource.counting(), config)) {
            assertThat(kl.parameters().count()).isEqualTo(83_653_863);
        }
    }

    @Test
    void readsTheNamesThatOldCheckpointsHave(@TempDir Path folder) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var kl = AutoencoderKl.initialise(tiny(), rng)) {
            var old = new LinkedHashMap<String, Tensor>();
            kl.parameters()
                    .all()
                    .forEach((name, w) ->
                            old.put(
                                    name.replace("to_q", "query")
                                            .replace("to_k", "key")
                                            .replace("to_v", "value")
                                            .replace("to_out.0", "proj_attn"),
                                    w.detach()));
            Safetensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), old, Map.of());
            JsonFile.write(folder.resolve("config.json"), AutoencoderConfigs.json(kl.config()));
            Tensor x = rng.normal(1, 3, 16, 16);
            try (var loaded = AutoencoderKl.load(folder, LoadOptions.inference())) {
                assertThat(Ops.maxAbsDifference(loaded.encode(x), kl.encode(x))).isZero();
            }
        }
    }

    @Test
    void whatItSavesItLoads(@TempDir Path folder) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var kl = AutoencoderKl.initialise(tiny(), rng)) {
            AutoencoderKl.save(folder, kl.config(), kl.parameters().all());
            Tensor z = rng.normal(2, 4, 3, 5);
            try (var loaded = AutoencoderKl.load(folder, LoadOptions.inference())) {
                assertThat(loaded.config()).isEqualTo(kl.config());
                Tensor pictures = loaded.decode(z);
                assertThat(Shapes.of(pictures)).containsExactly(2, 3, 6, 10);
                assertThat(Ops.maxAbsDifference(pictures, kl.decode(z))).isZero();
            }
        }
    }

    @Test
    void encodingAndDecodingLeaveNothingBehind() {
        try (var rng = Rng.seeded(1);
                var kl = AutoencoderKl.initialise(tiny(), rng)) {
            long before = 0;
            for (int i = 0; i < 12; i++) {
                try (var _ = TensorScope.open()) {
                    kl.decode(kl.encode(rng.normal(1, 3, 16, 16), rng));
                }
                if (i == 4) {
                    before = Pointer.totalCount();
                }
            }
            assertThat(Pointer.totalCount()).isEqualTo(before);
        }
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var kl = AutoencoderKl.initialise(tiny(), rng)) {
            assertThatThrownBy(() -> kl.encode(rng.normal(1, 4, 8, 8)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("x must have shape [*, 3, *, *] but has [1, 4, 8, 8]");
            assertThatThrownBy(() -> kl.encode(rng.normal(1, 3, 8, 1)))
                    .hasMessage("pictures must be at least 2 x 2 but are 8 x 1");
            assertThatThrownBy(() -> kl.decode(rng.normal(1, 5, 8, 8)))
                    .hasMessage("z must have shape [*, 4, *, *] but has [1, 5, 8, 8]");
        }
        assertThatThrownBy(() ->
                        AutoencoderKl.Config.of(
                                List.of(8, 12), 1, 4, 8, true, 16, LatentScale.of(1, 0)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("block_out_channels [8, 12] must be divisible by norm_num_groups 8");
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        double scale = Math.max(1, Ops.item(expected.abs().max()));
        assertThat(Ops.maxAbsDifference(actual, expected)).isLessThan(2e-5 * scale);
    }
}
