package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// What the tests of all networks check alike.
final class NetworkChecks {
    private static final double H = 1e-5;

    private NetworkChecks() {}

    /// Makes every weight whose name matches unusable.
    static void spoil(Map<String, Tensor> weights, String names) {
        Ops.noGrad(() -> {
            weights.forEach((name, w) -> {
                if (name.matches(names)) {
                    Ops.mul_(w, Double.NaN);
                }
            });
            return 0;
        });
    }

    /// Gates and outputs start at zero, which would hide everything.
    static void stir(Parameters parameters, Rng rng) {
        Ops.noGrad(() -> {
            parameters
                    .trained()
                    .values()
                    .forEach(w -> w.add_(Ops.mul(Ops.like(rng.normal(Shapes.of(w)), w), 0.1)));
            return 0;
        });
    }

    /// Compares the gradient of each weight along a random direction with central differences.
    ///
    /// @param weights float64
    /// @param loss of the network, the same at each call
    static void gradientsAgree(Map<String, Tensor> weights, Rng rng, Supplier<Tensor> loss) {
        gradientsAgree(weights, rng, loss, _ -> false);
    }

    /// The same, where some gradients may be zero.
    ///
    /// @param cancels names of weights that may not count
    static void gradientsAgree(
            Map<String, Tensor> weights,
            Rng rng,
            Supplier<Tensor> loss,
            Predicate<String> cancels) {
        weights.forEach((name, w) -> {
            double slope = gradientAgrees(name, w, rng, loss, 1e-4);
            if (!cancels.test(name)) {
                assertThat(Math.abs(slope)).as(name).isGreaterThan(1e-8);
            }
        });
    }

    /// Compares the gradient of one parameter along a random direction with central differences.
    ///
    /// @param tolerance relative, and a thousandth of it absolute
    /// @return the slope
    static double gradientAgrees(
            String name, Tensor w, Rng rng, Supplier<Tensor> loss, double tolerance) {
        try (var _ = TensorScope.open()) {
            Tensor direction = Ops.to(rng.normal(Shapes.of(w)), Dtype.FLOAT64);
            double slope = Ops.item(Ops.gradient(loss.get(), w).mul(direction).sum());
            double up = moved(loss, w, direction, H);
            double down = moved(loss, w, direction, -H);
            assertThat((up - down) / (2 * H))
                    .as(name)
                    .isCloseTo(slope, within(tolerance * (Math.abs(slope) + 1e-3)));
            return slope;
        }
    }

    private static double moved(Supplier<Tensor> loss, Tensor w, Tensor direction, double by) {
        return Ops.noGrad(() -> {
            Ops.addScaled_(w, direction, by);
            double value = Ops.item(loss.get());
            Ops.addScaled_(w, direction, -by);
            return value;
        });
    }

    /// Runs `pass` often, each time in a scope of its own, and fails if native objects gather.
    static void leavesNothing(Runnable pass) {
        long before = 0;
        for (int i = 0; i < 20; i++) {
            try (var _ = TensorScope.open()) {
                pass.run();
            }
            if (i == 5) {
                before = Pointer.totalCount();
            }
        }
        assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }
}
