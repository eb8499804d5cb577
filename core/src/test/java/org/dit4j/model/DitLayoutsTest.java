package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.DitLayouts.Layout;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DitLayoutsTest {
    private static final Dit.Config CONFIG =
            new Dit.Config(8, 2, 4, 32, 3, 4, 4, 0.1, 10, true, Dit.Variant.ORIGINAL);

    @TempDir Path folder;

    private Path write(Dit.Config config) {
        try (var rng = Rng.seeded(3);
                var dit = Dit.initialise(config, rng)) {
            try (var _ = TensorScope.open()) {
                dit.parameters().requireGrad(false);
                dit.parameters()
                        .trained()
                        .values()
                        .forEach(w -> Ops.add_(w, Ops.mul(rng.normal(Shapes.of(w)), 0.1)));
            }
            Path file = folder.resolve("model.safetensors");
            Safetensors.write(file, dit.parameters().all(), Map.of());
            JsonFile.write(folder.resolve("config.json"), DitConfigs.json(config));
            return file;
        }
    }

    private static float[] output(Dit dit) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5)) {
            Tensor x = rng.normal(2, 4, 8, 8);
            Tensor t = Tensors.of(new float[] {3, 700}, 2);
            Tensor y = Tensors.of(new long[] {1, 10}, 2);
            return Tensors.floats(Ops.noGrad(() -> dit.forward(x, t, y)));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1, 0.5})
    void theWayToDiffusersAndBackKeepsEveryBit(double dropout) {
        Dit.Config config = DitConfigs.withDropout(CONFIG, dropout);
        Path file = write(config);
        Path there = folder.resolve("diffusers/diffusion_pytorch_model.safetensors");
        Path back = folder.resolve("back/model.safetensors");
        try (var _ = TensorScope.open();
                var d = DitLayouts.diffusers(DitCheckpoint.open(file))) {
            Safetensors.write(there, d.tensors(), d.tensors().metadata());
            JsonFile.write(
                    there.resolveSibling("config.json"), DitConfigs.diffusersJson(d.config()));
        }
        try (var _ = TensorScope.open();
                var o = DitLayouts.original(DitCheckpoint.open(there.getParent()))) {
            assertThat(o.config()).isEqualTo(config);
            Safetensors.write(back, o.tensors(), Map.of());
        }
        try (var a = StateDict.open(file);
                var b = StateDict.open(back)) {
            assertThat(b.names()).containsExactlyInAnyOrderElementsOf(a.names());
            for (String name : a.names()) {
                assertThat(Tensors.floats(b.tensor(name)))
                        .as(name)
                        .isEqualTo(Tensors.floats(a.tensor(name)));
            }
        }
    }

    /// `LabelEmbedding(num_embeds_ada_norm, width, 0.1)` of diffusers has one row more than
    /// classes, whatever the model was trained with.
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1})
    void tablesHaveTheShapeThatTheConfigurationOfDiffusersAsksFor(double dropout) {
        for (Dit.Variant variant : List.of(Dit.Variant.ORIGINAL, Dit.Variant.DIFFUSERS)) {
            Path file = write(DitConfigs.withDropout(CONFIG.with(variant), dropout));
            Path there = folder.resolve("there").resolve("diffusion_pytorch_model.safetensors");
            try (var _ = TensorScope.open();
                    var from = DitCheckpoint.open(file);
                    var d = DitLayouts.diffusers(from)) {
                Safetensors.write(there, d.tensors(), d.tensors().metadata());
                JsonFile.write(
                        there.resolveSibling("config.json"), DitConfigs.diffusersJson(d.config()));
            }
            try (var _ = TensorScope.open();
                    var own = StateDict.open(file);
                    var d = DitCheckpoint.open(there.getParent());
                    var dit = d.load(LoadOptions.inference())) {
                assertThat(d.config().numClasses()).isEqualTo(10);
                assertThat(d.config().nullLabel()).isEqualTo(10);
                boolean shared = own.has("y_embedder.embedding_table.weight");
                float[] table =
                        Tensors.floats(
                                own.tensor(
                                        (shared ? "" : "blocks.2.")
                                                + "y_embedder.embedding_table.weight"));
                Tensor written =
                        dit.parameters().all().get("blocks.2.y_embedder.embedding_table.weight");
                assertThat(Shapes.of(written)).containsExactly(11, 32);
                assertThat(Tensors.floats(written))
                        .startsWith(table)
                        .endsWith(dropout > 0 ? new float[0] : new float[32]);
            }
        }
    }

    @Test
    void aTableOfPositionsThatIsNotTheComputedOneSurvives() {
        Path file = write(CONFIG);
        Path there = folder.resolve("there/a.safetensors");
        float[] changed;
        try (var _ = TensorScope.open();
                var dict = StateDict.open(file)) {
            Tensor table = Ops.mul(dict.tensor("pos_embed"), 1.0000002);
            changed = Tensors.floats(table);
            var from =
                    new DitCheckpoint(
                            dict.without("pos_embed").with("pos_embed", table),
                            CONFIG,
                            Layout.ORIGINAL);
            try (var d = DitLayouts.diffusers(from)) {
                assertThat(d.tensors().has("pos_embed")).isFalse();
                Safetensors.write(there, d.tensors(), d.tensors().metadata());
                JsonFile.write(
                        there.resolveSibling("config.json"), DitConfigs.diffusersJson(d.config()));
            }
        }
        try (var _ = TensorScope.open();
                var o = DitLayouts.original(DitCheckpoint.open(there))) {
            assertThat(Tensors.floats(o.tensors().tensor("pos_embed"))).isEqualTo(changed);
        }
    }

    @Test
    void withTheSameVariantBothLayoutsAreTheSameNetwork() {
        Path file = write(CONFIG);
        float[] expected;
        try (var dit = Dit.load(file, LoadOptions.inference())) {
            expected = output(dit);
        }
        try (var _ = TensorScope.open();
                var d = DitLayouts.diffusers(DitCheckpoint.open(file))) {
            Dit.Variant same =
                    new Dit.Variant(Dit.BlockType.ADALN_ZERO, false, 0, 1e-6, true, false, 1);
            StateDict named = DitLayouts.FROM_DIFFUSERS.apply(d.tensors());
            var checkpoint = new DitCheckpoint(named, CONFIG.with(same), Layout.DIFFUSERS);
            try (var dit = checkpoint.load(LoadOptions.inference())) {
                assertThat(output(dit)).isEqualTo(expected);
            }
        }
    }

    @Test
    void theConfigurationIsReadOffTheShapesOfAStandardSize() throws IOException {
        Dit.Config small = DitPresets.of("DiT-S/8", 32);
        Path file = write(small);
        Files.delete(folder.resolve("config.json"));
        try (var c = DitCheckpoint.open(file)) {
            assertThat(c.config()).isEqualTo(small);
            assertThat(c.layout()).isEqualTo(Layout.ORIGINAL);
        }
    }

    @Test
    void otherCheckpointsAndUnknownHeadsAreRefused() throws IOException {
        Path file = write(CONFIG);
        Files.delete(folder.resolve("config.json"));
        assertThatThrownBy(() -> DitCheckpoint.open(file))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        file
                                + ": its number of heads is not known (width 32 and depth 3 are of"
                                + " no standard size); put a config.json beside it");
        Path other = folder.resolve("other.safetensors");
        try (var _ = TensorScope.open()) {
            Safetensors.write(other, Map.of("x", Tensors.zeros(Dtype.FLOAT32, 1)), Map.of());
        }
        assertThatThrownBy(() -> DitCheckpoint.open(other))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(other + ": is not a DiT (its tensors have other names)");
    }

    @Test
    void whatDiffusersDoesNotHaveIsRefused() {
        for (Dit.Variant v :
                new Dit.Variant[] {
                    Dit.Variant.SIT,
                    Dit.Variant.ORIGINAL.withQkNorm(true),
                    Dit.Variant.ORIGINAL.withBlock(Dit.BlockType.IN_CONTEXT)
                }) {
            Path file = write(CONFIG.with(v));
            try (var _ = TensorScope.open();
                    var from = DitCheckpoint.open(file)) {
                assertThatThrownBy(() -> DitLayouts.diffusers(from))
                        .isInstanceOf(ConfigException.class)
                        .hasMessageStartingWith("diffusers has no such network");
            }
        }
    }
}
