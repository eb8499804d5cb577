package org.dit4j.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): the matrices of the blocks move
/// along the nearest orthogonal matrix of their averaged gradients, so that all directions are
/// learned equally fast; all other weights by [AdamW].
///
/// The length of a step is that of AdamW's, `0.2 sqrt(max(rows, columns))` (Liu et al. 2025,
/// arXiv:2502.16982, section 2.2), so both take one learning rate. Queries, keys and values of one
/// matrix are three. Modulations of adaptive norms go to AdamW: they are a third of the weights but
/// see one row for each example, and orthogonalizing them would cost as much as all the rest.
///
/// Not thread-safe.
public final class Muon implements Optimizer {
    private static final double MOMENTUM = 0.95;

    /// Coefficients and number of the iterations of the reference: singular values come near 1, not
    /// to it.
    private static final double[] QUINTIC = {3.4445, -4.7750, 2.0315};

    private static final int ITERATIONS = 5;
    private static final double EPS = 1e-7;
    private static final Pattern BLOCK = Pattern.compile("(^|.*_)blocks\\.\\d+\\..*weight");
    private static final int FUSED = 3;

    private final Map<String, Tensor> weights;
    private final Map<String, Tensor> momenta = new LinkedHashMap<>();
    private final AdamW others;
    private final double weightDecay;

    /// Starts with zero momentum.
    ///
    /// @param options of AdamW for the other weights; the weight decay holds for all
    public Muon(Parameters parameters, AdamW.Options options) {
        weights = parameters.trained();
        weightDecay = options.weightDecay();
        var rest = new LinkedHashMap<String, Tensor>();
        weights.forEach((name, w) -> {
            if (orthogonal(name, w)) {
                momenta.put(name, Optimizer.zeros(w));
            } else {
                rest.put(name, w);
            }
        });
        others = new AdamW(rest, options);
    }

    private static boolean orthogonal(String name, Tensor w) {
        return w.dim() == 2 && BLOCK.matcher(name).matches() && !name.contains("modulation");
    }

    @Override
    public Map<String, Tensor> weights() {
        return weights;
    }

    @Override
    public void step(double learningRate) {
        Ops.noGrad(() -> {
            momenta.forEach((name, momentum) -> {
                Tensor w = weights.get(name);
                if (w != null && w.grad().defined()) {
                    move(name, w, momentum, learningRate);
                }
            });
            return 0;
        });
        others.step(learningRate);
    }

    private void move(String name, Tensor w, Tensor momentum, double learningRate) {
        try (var _ = TensorScope.open()) {
            Tensor g = w.grad();
            Ops.mul_(momentum, MOMENTUM);
            Ops.addScaled_(momentum, g, 1 - MOMENTUM);
            Tensor ahead = Ops.addScaled(Ops.mul(g, 1 - MOMENTUM), momentum, MOMENTUM); // Nesterov
            long parts = name.contains("qkv") ? FUSED : 1;
            Tensor x = ahead.reshape(parts, w.size(0) / parts, w.size(1));
            double length = 0.2 * Math.sqrt(Math.max(x.size(1), x.size(2)));
            Ops.mul_(w, 1 - learningRate * weightDecay);
            Ops.addScaled_(w, orthogonalized(x).reshape(w.size(0), -1), -learningRate * length);
            g.zero_();
        }
    }

    /// Returns matrices with nearly the same singular vectors and singular values near 1, by
    /// Newton-Schulz iterations.
    ///
    /// @param g `[K, M, N]`
    static Tensor orthogonalized(Tensor g) {
        return TensorScope.compute(() -> {
            boolean tall = g.size(1) > g.size(2);
            Tensor x = tall ? g.transpose(1, 2) : g; // the product with itself is the smaller one
            Tensor norm = Ops.sum(x.square(), true, 1, 2).sqrt();
            x = x.div(Ops.add(norm, EPS));
            for (int i = 0; i < ITERATIONS; i++) {
                Tensor a = x.matmul(x.transpose(1, 2));
                Tensor b = Ops.addScaled(Ops.mul(a, QUINTIC[1]), a.matmul(a), QUINTIC[2]);
                x = Ops.addScaled(b.matmul(x), x, QUINTIC[0]);
            }
            return tall ? x.transpose(1, 2).contiguous() : x;
        });
    }

    @Override
    public void save(Map<String, Tensor> state) {
        momenta.forEach((name, m) -> state.put("momentum." + name, m));
        others.save(state);
    }

    @Override
    public void restore(StateDict state, long steps) {
        momenta.forEach((name, m) -> m.copy_(state.tensor("momentum." + name)));
        others.restore(state, steps);
    }

    @Override
    public void close() {
        momenta.values().forEach(Tensor::close);
        others.close();
    }
}
