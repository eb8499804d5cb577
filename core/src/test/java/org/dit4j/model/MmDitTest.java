package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.dit4j.model.TinyMmDit.POOLED;
import static org.dit4j.model.TinyMmDit.TEXT;
import static org.dit4j.model.TinyMmDit.predict;
import static org.dit4j.model.TinyMmDit.randomise;
import static org.dit4j.model.TinyMmDit.tiny;
import static org.dit4j.model.TinyMmDit.trained;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.MmDit.HeadNorm;
import org.dit4j.model.TinyMmDit.Inputs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MmDitTest {
    /// The sizes of the published `transformer` folders without the table of positions.
    @ParameterizedTest
    @CsvSource({
        "SD3-medium, 2028328000",
        "SD3.5-medium, 2243171520",
        "SD3.5-large, 8056627520",
    })
    void presetsHaveTheParametersOfTheirLayers(String name, long count) {
        MmDit.Config c = MmDitPresets.of(name);
        assertThat(count(c)).isEqualTo(count);
        try (var network = new MmDit(ParameterSource.counting(), c)) {
            assertThat(network.parameters().count()).isEqualTo(count);
            assertThat(network.parameters().all().get("pos_embed").size(1))
                    .isEqualTo((long) c.maxPositions() * c.maxPositions());
        }
    }

    /// The layers of `mmditx.py`, counted by formulas.
    private static long count(MmDit.Config c) {
        long d = c.hiddenSize();
        long norms = c.qkNorm() == HeadNorm.RMS ? 2 * d / c.numHeads() : 0;
        long attention = linear(d, 3 * d) + linear(d, d) + norms;
        long stream = attention + linear(d, 4 * d) + linear(4 * d, d) + linear(d, 6 * d);
        long ends = linear(d, 3 * d) + linear(d, 2 * d) + norms;
        long dual = c.dualAttentionLayers().size() * (attention + linear(d, 3 * d));
        long embeddings = linear(64, d) + linear(256, d) + linear(d, d);
        long conditions = linear(c.pooledWidth(), d) + linear(d, d) + linear(c.textWidth(), d);
        long last = linear(d, 2 * d) + linear(d, 64);
        return (2L * c.depth() - 1) * stream + ends + dual + embeddings + conditions + last;
    }

    private static long linear(long in, long out) {
        return in * out + out;
    }

    @ParameterizedTest
    @EnumSource
    void startsAtZero(HeadNorm norm) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = MmDit.initialise(tiny(norm), rng)) {
            Tensor out = predict(dit, Inputs.of(rng, 2, 8, 12));
            assertThat(Shapes.of(out)).containsExactly(2, 4, 8, 12);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    @Test
    void startsAsDitDoes() {
        try (var rng = Rng.seeded(1);
                var dit = MmDit.initialise(tiny(), rng)) {
            for (String zero :
                    new String[] {
                        "joint_blocks.1.x_block.adaLN_modulation.1.weight",
                        "joint_blocks.2.context_block.adaLN_modulation.1.weight",
                        "final_layer.adaLN_modulation.1.weight",
                        "final_layer.linear.weight"
                    }) {
                assertThat(std(dit, zero)).as(zero).isZero();
            }
            assertThat(std(dit, "t_embedder.mlp.0.weight")).isCloseTo(0.02, within(0.001));
            assertThat(std(dit, "y_embedder.mlp.2.weight")).isCloseTo(0.02, within(0.002));
            // Xavier: sqrt(2 / (fan in + fan out))
            assertThat(std(dit, "joint_blocks.0.context_block.attn.qkv.weight"))
                    .isCloseTo(Math.sqrt(2.0 / (24 + 72)), within(0.01));
            assertThat(std(dit, "joint_blocks.1.x_block.attn2.ln_q.weight")).isEqualTo(1);
        }
    }

    private static double std(MmDit dit, String name) {
        try (var scope = TensorScope.open()) {
            Tensor w = dit.parameters().trained().get(name);
            return Math.sqrt(Ops.item(Ops.pow(w.detach(), 2).mean()));
        }
    }

    @Test
    void theTableOfPositionsIsThatOfTheReference() {
        Path folder = Path.of("../conformance/cases/models/sd3/3.5-medium");
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var tables = StateDict.open(folder.resolve("tables.safetensors"));
                var dit = MmDit.initialise(MmDitConfigs.read(folder.resolve("config.json")), rng)) {
            Tensor stored = tables.tensor("pos_embed.pos_embed");
            Tensor computed = dit.parameters().all().get("pos_embed");
            assertThat(Shapes.of(computed)).isEqualTo(Shapes.of(stored));
            assertThat(Ops.maxAbsDifference(computed, stored)).isLessThan(1e-6);
        }
    }

    @ParameterizedTest
    @CsvSource({"8,8", "2,2", "4,20", "20,6", "5,7"})
    void everySizeIsPredictedAndEveryInputCounts(int h, int w) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Inputs in = Inputs.of(rng, 1, h, w);
            Tensor a = predict(dit, in);
            assertThat(Shapes.of(a)).containsExactly(1, 4, h, w);
            assertThat(Ops.maxAbsDifference(a, predict(dit, in))).isZero();
            for (Inputs other :
                    new Inputs[] {
                        new Inputs(rng.normal(1, 4, h, w), in.t(), in.text(), in.pooled()),
                        new Inputs(in.x(), Ops.add(in.t(), 100), in.text(), in.pooled()),
                        new Inputs(in.x(), in.t(), rng.normal(1, 5, TEXT), in.pooled()),
                        new Inputs(in.x(), in.t(), in.text(), rng.normal(1, POOLED))
                    }) {
                assertThat(Ops.maxAbsDifference(a, predict(dit, other))).isGreaterThan(1e-5);
            }
        }
    }

    /// Text has no positions: its order does not count.
    @Test
    void everySizeIsFittedIntoTheBaseOfPositions() {
        var config =
                new MmDit.Config(8, 2, 4, 4, 24, 3, 3, TEXT, POOLED, 0, HeadNorm.RMS, Set.of(), 8);
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = MmDit.initialise(config, rng)) {
            assertThat(dit.parameters().all()).doesNotContainKey("pos_embed");
            Inputs in = Inputs.of(rng, 1, 8, 4); // 4 rows and 2 columns of patches
            Tensor zero = Ops.mul(in.x(), 0);
            Tensor x = dit.embed(zero, in.t(), in.text(), in.pooled()).x(); // bias and positions
            Tensor bias = dit.parameters().all().get("x_embedder.proj.bias");
            float[] token = Tensors.floats(x.select(1, 5).sub(bias)); // row 2, column 1
            // the higher side is spread over 8 positions, the other over the middle 4
            for (int i = 0; i < 6; i++) {
                double frequency = Math.pow(10000, -i / 6.0);
                assertThat(token[i]).isCloseTo((float) Math.sin(4 * frequency), within(1e-5f));
                assertThat(token[18 + i]).isCloseTo((float) Math.cos(4 * frequency), within(1e-5f));
            }
        }
    }

    @Test
    void theOrderOfTheTextDoesNotCount() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Inputs in = Inputs.of(rng, 1, 8, 8);
            Tensor turned = Ops.cat(1, in.text().narrow(1, 3, 2), in.text().narrow(1, 0, 3));
            Inputs other = new Inputs(in.x(), in.t(), turned, in.pooled());
            Tensor a = predict(dit, in);
            assertThat(Ops.maxAbsDifference(a, predict(dit, other)))
                    .isLessThan(1e-5 * Ops.item(a.abs().max()));
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "joint_blocks.0.context_block.attn.qkv.weight",
                "joint_blocks.0.context_block.mlp.fc2.weight",
                "joint_blocks.1.x_block.attn.ln_k.weight",
                "joint_blocks.1.x_block.attn2.qkv.weight",
                "joint_blocks.1.x_block.adaLN_modulation.1.weight",
                "joint_blocks.2.context_block.adaLN_modulation.1.bias",
                "context_embedder.weight",
                "y_embedder.mlp.0.weight",
                "t_embedder.mlp.2.weight",
                "x_embedder.proj.weight",
                "final_layer.adaLN_modulation.1.weight"
            })
    void gradientsAgreeWithDifferences(String name) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new MmDit(ParameterSource.initialising(rng, Dtype.FLOAT64), tiny())) {
            randomise(dit, rng);
            Inputs in = Inputs.of(rng, 2, 4, 8).to(Dtype.FLOAT64);
            Tensor w = dit.parameters().trained().get(name);
            double slope = NetworkChecks.gradientAgrees(name, w, rng, () -> loss(dit, in), 1e-5);
            assertThat(Math.abs(slope)).isGreaterThan(1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyParameterOfATrainedNetworkReceivesAGradient(HeadNorm norm) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(4);
                var dit = trained(tiny(norm), rng)) {
            loss(dit, Inputs.of(rng, 2, 8, 8)).backward();
            assertThat(dit.parameters().trained())
                    .allSatisfy((name, w) -> {
                        assertThat(w.grad().defined()).as(name).isTrue();
                        assertThat(Ops.isFinite(w.grad())).as(name).isTrue();
                        // what the last text asks for is not used; adding one number to all
                        // scores of a query changes nothing
                        boolean cancels =
                                name.matches("joint_blocks.2.context_block.attn.ln_q.*")
                                        || name.endsWith("attn2.ln_k.bias");
                        if (!cancels) {
                            assertThat(Ops.item(w.grad().abs().max())).as(name).isGreaterThan(1e-7);
                        }
                    });
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            NetworkChecks.leavesNothing(() -> {
                Inputs in = Inputs.of(rng, 2, 8, 8);
                Ops.gradMode(gradients, () -> loss(dit, in));
            });
        }
    }

    @Test
    void bfloat16WeightsPredictNearlyTheSame() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(5);
                var dit = MmDit.initialise(tiny(), rng)) {
            Ops.noGrad(() -> {
                dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.1));
                return 0;
            });
            Map<String, Tensor> weights = new HashMap<>();
            dit.parameters().all().forEach((name, w) -> weights.put(name, w.detach()));
            Inputs in = Inputs.of(rng, 1, 8, 12);
            Tensor exact = predict(dit, in);
            try (var small =
                    Checkpoints.load(
                            StateDict.of(weights, Map.of()),
                            LoadOptions.inference().withDtype(Dtype.BFLOAT16),
                            source -> new MmDit(source, tiny()))) {
                Tensor y = predict(small, in.to(small.dtype()));
                assertThat(Dtype.of(y)).isEqualTo(Dtype.BFLOAT16);
                double scale = Ops.item(exact.abs().max());
                assertThat(scale).isGreaterThan(0.1);
                assertThat(Ops.maxAbsDifference(y, exact)).isBetween(1e-6, 0.05 * scale);
            }
        }
    }

    @Test
    void whatDoesNotDivideIntoPatchesIsFilledUpWithItsEdge() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Inputs in = Inputs.of(rng, 1, 4, 3);
            Tensor filled = Ops.cat(3, in.x(), in.x().narrow(3, 2, 1));
            Tensor whole = predict(dit, new Inputs(filled, in.t(), in.text(), in.pooled()));
            assertThat(Ops.maxAbsDifference(predict(dit, in), whole.narrow(3, 0, 3))).isZero();
        }
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = MmDit.initialise(tiny(), rng)) {
            Inputs in = Inputs.of(rng, 1, 8, 22);
            assertThatThrownBy(() -> predict(dit, in))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("latents of 4 x 11 patches are larger than the 10 x 10 positions");
            Inputs other =
                    new Inputs(rng.normal(2, 4, 8, 8), rng.uniform(2), in.text(), in.pooled());
            assertThatThrownBy(() -> predict(dit, other))
                    .hasMessage("text must have shape [2, *, 24] but has [1, 5, 24]");
        }
        assertThatThrownBy(() ->
                        new MmDit.Config(8, 2, 4, 4, 26, 3, 2, 8, 6, 10, HeadNorm.RMS, Set.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessage("hidden_size 26 must be divisible by num_heads 2 and by 4");
        assertThatThrownBy(() ->
                        new MmDit.Config(8, 2, 4, 4, 24, 3, 2, 8, 6, 10, HeadNorm.RMS, Set.of(3)))
                .hasMessage("dual_attention_layers must be in 0 to 2 but one is 3");
        assertThatThrownBy(() -> MmDitPresets.of("SD3-large"))
                .hasMessageStartingWith("no preset SD3-large; there are SD3-medium, ");
    }

    private static Tensor loss(MmDit dit, Inputs in) {
        return Ops.pow(dit.forward(in.x(), in.t(), in.text(), in.pooled()), 2).mean();
    }
}
