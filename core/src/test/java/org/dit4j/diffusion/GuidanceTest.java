package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Dit;
import org.dit4j.model.DitConfigs;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class GuidanceTest {
    private static final Path CASES = Path.of("..", "conformance", "cases", "models");

    private TensorScope scope;
    private final List<Long> batches = new ArrayList<>();

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /// `forward_with_cfg` of the original code, whose answer for both halves is checked in the
    /// first.
    @Test
    void theFirstThreeChannelsAreGuidedAsInTheOriginalCode() {
        Path folder = CASES.resolve("dit/square-p2-sigma");
        double scale =
                JsonFile.tree(folder.resolve("io.json"))
                        .path("calls")
                        .path(1)
                        .path("args")
                        .path("cfg_scale")
                        .asDouble();
        var json = (ObjectNode) JsonFile.tree(folder.resolve("config.json"));
        // the original configuration does not say whether it is for DiT or SiT
        Dit.Config config = DitConfigs.parse(json.put("family", "dit"), folder);
        try (var io = StateDict.open(folder.resolve("io.safetensors"));
                var dit =
                        Checkpoints.load(
                                folder.resolve("model.safetensors"),
                                LoadOptions.inference(),
                                source -> new Dit(source, config))) {
            long b = io.tensor("c1.in.x").size(0) / 2;
            Tensor y = Ops.to(io.tensor("c1.in.y"), Dtype.INT64);
            Denoiser pair = (x, t) -> dit.forward(x, t, y);
            Denoiser network = Guidance.of(scale, Guidance.Scope.FIRST_THREE).over(pair, pair);
            Tensor out =
                    Ops.noGrad(() ->
                            network.predict(
                                    io.tensor("c1.in.x").narrow(0, 0, b),
                                    io.tensor("c1.in.t").narrow(0, 0, b)));
            Tensor wanted = io.tensor("c1.out.sample").narrow(0, 0, b);
            assertThat(Ops.maxAbsDifference(out, wanted)).isLessThan(2e-5);
        }
    }

    @Test
    void allChannelsOfTheDataAreGuidedAndTheVarianceStaysConditional() {
        Tensor x = Tensors.zeros(Dtype.FLOAT32, 1, 2, 1);
        Tensor answer = Tensors.of(new float[] {1, 2, 3, 4, 10, 20, 30, 40}, 2, 4, 1);
        Tensor out = Guidance.of(3, Guidance.Scope.DATA).combine(x, answer);
        assertThat(Tensors.floats(out)).containsExactly(10 - 27, 20 - 54, 3, 4);
    }

    @Test
    void scaleOneComputesTheConditionalHalfOnly() {
        Tensor x = Tensors.full(2, Dtype.FLOAT32, 3, 1, 2);
        Tensor out = guided(Guidance.NONE).predict(x, Tensors.of(new float[] {1, 2, 3}, 3));
        assertThat(batches).containsExactly(3L);
        assertThat(Tensors.floats(out)).containsOnly(2f);
    }

    @Test
    void samplesOutsideOfTheIntervalAreNotGuided() {
        var guidance = Guidance.of(3, Guidance.Scope.DATA).during(new Guidance.Interval(100, 200));
        Denoiser network = guided(guidance);
        Tensor x = Tensors.full(2, Dtype.FLOAT32, 3, 1, 1);
        // conditional: x; unconditional: 0; guided: 3 x
        assertThat(Tensors.floats(network.predict(x, Tensors.of(new float[] {99, 100, 201}, 3))))
                .containsExactly(2, 6, 2);
        assertThat(Tensors.floats(network.predict(x, Tensors.of(new float[] {99, 1, 201}, 3))))
                .containsExactly(2, 2, 2);
        assertThat(batches).containsExactly(6L, 3L);
    }

    @Test
    void theIntervalOfThePaperIsMeasuredInNoise() {
        NoiseSchedule training = NoiseSchedule.linear(1000);
        var interval = Guidance.Interval.ofNoise(training, 0.28, 5.42);
        Table ratio = training.noiseToData();
        assertThat(ratio.at((int) interval.from())).isGreaterThan(0.28);
        assertThat(ratio.at((int) interval.from() - 1)).isLessThanOrEqualTo(0.28);
        assertThat(ratio.at((int) interval.to())).isLessThanOrEqualTo(5.42);
        assertThat(ratio.at((int) interval.to() + 1)).isGreaterThan(5.42);
    }

    @Test
    void rescalingByOneRestoresTheStandardDeviation() {
        try (var rng = Rng.seeded(5)) {
            Tensor x = rng.normal(2, 4, 8, 8);
            Tensor answer = rng.normal(4, 4, 8, 8);
            var guidance = Guidance.of(5, Guidance.Scope.DATA);
            Tensor free = guidance.combine(x, answer);
            Tensor full = guidance.rescaled(1).combine(x, answer);
            Tensor half = guidance.rescaled(0.5).combine(x, answer);
            for (int i = 0; i < 2; i++) {
                double wanted = Ops.item(answer.select(0, i).std(true));
                assertThat(Ops.item(full.select(0, i).std(true)))
                        .isCloseTo(wanted, Offset.offset(1e-5));
            }
            Tensor mean = Ops.mul(free.add(full), 0.5);
            assertThat(Ops.maxAbsDifference(half, mean)).isLessThan(1e-5);
        }
    }

    @Test
    void aPairDrawsForBothHalves() {
        try (var one = Rng.seeded(3);
                var two = Rng.seeded(3)) {
            Tensor draw = NoiseSource.of(one).firstOfPair().normal(2, 3);
            assertThat(Shapes.of(draw)).containsExactly(2, 3);
            assertThat(Ops.maxAbsDifference(draw, two.normal(4, 3).narrow(0, 0, 2))).isZero();
            assertThat(Ops.maxAbsDifference(one.normal(5), two.normal(5))).isZero();
        }
    }

    @Test
    void mistakesAreOneClearLine() {
        assertThatThrownBy(() -> Guidance.of(-1, Guidance.Scope.DATA))
                .isInstanceOf(ConfigException.class)
                .hasMessage("guidance scale must be in [0, 1000], not -1.0");
        Tensor x = Tensors.zeros(Dtype.FLOAT32, 2, 4, 1, 1);
        assertThatThrownBy(() -> Guidance.of(2, Guidance.Scope.DATA).combine(x, x))
                .isInstanceOf(ShapeException.class)
                .hasMessage("paired prediction must have shape [4, *, 1, 1] but has [2, 4, 1, 1]");
    }

    /// A network that answers x with the condition and 0 without.
    private Denoiser guided(Guidance guidance) {
        Denoiser conditional =
                (x, t) -> {
                    batches.add(x.size(0));
                    return x;
                };
        Denoiser pair =
                (x, t) -> {
                    batches.add(x.size(0));
                    Tensor half = x.narrow(0, 0, x.size(0) / 2);
                    return Ops.cat(0, half, Ops.mul(half, 0));
                };
        return guidance.over(pair, conditional);
    }

    /// Rows (3, 4) and (0, 1), guided at scale 2 away from (1, 4) and (3, 1), become (5, 4) and
    /// (-3, 1), which are scaled to the lengths 5 and 1.
    @Test
    void rowsKeepTheNormsOfTheConditionalPrediction() {
        Tensor x = Tensors.zeros(Dtype.FLOAT32, 1, 1, 2, 2);
        Tensor pair = Tensors.of(new float[] {3, 4, 0, 1, 1, 4, 3, 1}, 2, 1, 2, 2);
        Guidance guidance = Guidance.of(2, Guidance.Scope.DATA).keepingNorms();
        double first = 5 / Math.sqrt(41);
        double second = 1 / Math.sqrt(10);
        double[] wanted = {5 * first, 4 * first, -3 * second, second};
        assertThat(Tensors.doubles(guidance.combine(x, pair)))
                .containsExactly(wanted, Offset.offset(1e-6));
        assertThat(guidance.rescaled(0).during(Guidance.Interval.ALL)).isEqualTo(guidance);
    }
}
