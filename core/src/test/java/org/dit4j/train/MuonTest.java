package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MuonTest {
    private static final AdamW.Options OPTIONS = new AdamW.Options(0.9, 0.99, 1e-8, 0.1);

    @TempDir Path folder;

    /// What five iterations make of a singular value of a matrix of norm 1.
    private static double iterated(double s) {
        for (int i = 0; i < 5; i++) {
            s = 3.4445 * s - 4.7750 * s * s * s + 2.0315 * Math.pow(s, 5);
        }
        return s;
    }

    /// `[3, 2]` with singular values `s1` and `s2` and known vectors: columns of `u`, rows of a
    /// turn.
    private static double[] matrix(double s1, double s2, double angle) {
        double[][] u = {{2 / 3.0, -2 / 3.0}, {2 / 3.0, 1 / 3.0}, {1 / 3.0, 2 / 3.0}};
        double c = Math.cos(angle);
        double s = Math.sin(angle);
        var all = new double[6];
        for (int i = 0; i < 3; i++) {
            all[2 * i] = u[i][0] * s1 * c - u[i][1] * s2 * s;
            all[2 * i + 1] = u[i][0] * s1 * s + u[i][1] * s2 * c;
        }
        return all;
    }

    private static Tensor tensor(double[] values, long... shape) {
        var floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return Tensors.of(floats, shape);
    }

    @Test
    void singularValuesComeNearOneAndVectorsStay() {
        try (var _ = TensorScope.open()) {
            double norm = Math.hypot(5, 2);
            double[] expected = matrix(iterated(5 / norm), iterated(2 / norm), 0.4);
            Tensor g = tensor(matrix(5, 2, 0.4), 1, 3, 2);
            Tensor o = Muon.orthogonalized(g);
            assertThat(Ops.maxAbsDifference(o, tensor(expected, 1, 3, 2))).isLessThan(1e-5);
            Tensor turned = Muon.orthogonalized(g.transpose(1, 2)).transpose(1, 2);
            assertThat(Ops.maxAbsDifference(turned, o)).isLessThan(1e-5);
            assertThat(iterated(5 / norm)).isBetween(0.6, 1.3);
            assertThat(iterated(2 / norm)).isBetween(0.6, 1.3);
        }
    }

    @Test
    void matricesOfBlocksFollowMomentumAndDecayOthersAdamW() {
        ParameterSource source = ParameterSource.initialising(Rng.seeded(1));
        Tensor w = source.parameter("blocks.0.mlp.fc1.weight", Init.zeros(), 3, 2);
        Tensor b = source.parameter("blocks.0.mlp.fc1.bias", Init.zeros(), 2);
        try (var _ = TensorScope.open();
                var muon = new Muon(source.parameters(), OPTIONS)) {
            var expected = new double[6];
            double length = 0.2 * Math.sqrt(3);
            for (int step = 1; step <= 3; step++) {
                // both gradients share their vectors, so momentum acts on singular values alone
                double s1 = 4 / (double) step;
                double s2 = step;
                w.mul(tensor(matrix(s1, s2, 0.7), 3, 2)).sum().add(b.sum()).backward();
                muon.step(0.05);
                m1 = 0.95 * m1 + 0.05 * s1;
                m2 = 0.95 * m2 + 0.05 * s2;
                double a1 = 0.05 * s1 + 0.95 * m1;
                double a2 = 0.05 * s2 + 0.95 * m2;
                double norm = Math.hypot(a1, a2);
                double[] o = matrix(iterated(a1 / norm), iterated(a2 / norm), 0.7);
                for (int i = 0; i < 6; i++) {
                    expected[i] = expected[i] * (1 - 0.05 * 0.1) - 0.05 * length * o[i];
                }
            }
            assertThat(Ops.maxAbsDifference(w, tensor(expected, 3, 2))).isLessThan(1e-6);
            // a constant gradient moves AdamW by the rate at each step, less what decays
            double bias = -0.05;
            bias = bias * (1 - 0.05 * 0.1) - 0.05;
            bias = bias * (1 - 0.05 * 0.1) - 0.05;
            assertThat(Ops.item(b.select(0, 0))).isCloseTo(bias, within(1e-6));
        }
        source.parameters().close();
    }

    private double m1;
    private double m2;

    @Test
    void queriesKeysAndValuesAreThreeMatrices() {
        ParameterSource source = ParameterSource.initialising(Rng.seeded(1));
        Tensor fused = source.parameter("joint_blocks.1.attn.qkv.weight", Init.zeros(), 9, 2);
        Tensor alone = source.parameter("joint_blocks.1.attn.proj.weight", Init.zeros(), 3, 2);
        try (var _ = TensorScope.open();
                var muon = new Muon(source.parameters(), OPTIONS)) {
            Tensor g = tensor(matrix(3, 1, 0.2), 3, 2);
            Tensor others = Ops.cat(0, tensor(matrix(1, 90, 1), 3, 2), Ops.mul(g, 7), g);
            fused.mul(others).sum().add(alone.mul(g).sum()).backward();
            muon.step(0.05);
            assertThat(Ops.maxAbsDifference(fused.narrow(0, 3, 3), alone)).isLessThan(1e-6);
            assertThat(Ops.maxAbsDifference(fused.narrow(0, 6, 3), alone)).isLessThan(1e-6);
        }
        source.parameters().close();
    }

    @Test
    void aRestoredStateGoesOnWithTheSameBits() {
        ParameterSource source = ParameterSource.initialising(Rng.seeded(1));
        Tensor w = source.parameter("blocks.0.proj.weight", Init.constant(0.5), 3, 2);
        Tensor g = tensor(matrix(3, 1, 0.2), 3, 2);
        Path file = folder.resolve("state.safetensors");
        try (var _ = TensorScope.open();
                var muon = new Muon(source.parameters(), OPTIONS);
                var other = new Muon(source.parameters(), OPTIONS)) {
            w.mul(w).mul(g).sum().backward();
            muon.step(0.05);
            var state = new LinkedHashMap<String, Tensor>();
            muon.save(state);
            Safetensors.write(file, state, Map.of());
            try (var dict = StateDict.open(file)) {
                Ops.noGrad(() -> {
                    other.restore(dict, 1);
                    return 0;
                });
            }
            Tensor before = w.detach().clone();
            w.mul(g).sum().backward();
            muon.step(0.05);
            Tensor expected = w.detach().clone();
            Ops.noGrad(() -> w.copy_(before));
            w.mul(g).sum().backward();
            other.step(0.05);
            assertThat(Ops.maxAbsDifference(w.detach(), expected)).isZero();
            assertThat(Objects.requireNonNull(state.get("momentum.blocks.0.proj.weight")).dim())
                    .isEqualTo(2);
        }
        source.parameters().close();
    }
}
