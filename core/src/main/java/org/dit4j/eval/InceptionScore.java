package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// The Inception Score (Salimans et al. 2016, arXiv:1606.03498, section 4): `exp E KL(p(y|x) ||
/// p(y))`, averaged over consecutive parts of the pictures, in float64 (guided-diffusion
/// `evaluator.py`).
public final class InceptionScore {
    /// Pictures of a part in published figures.
    public static final int PART = 5000;

    private InceptionScore() {}

    /// Returns the score.
    ///
    /// @param logits of a classifier, `[N, classes]`
    /// @param part pictures of each part; the last one may have fewer
    public static double of(Tensor logits, int part) {
        Shapes.require(logits, "logits", Shapes.ANY, Shapes.ANY);
        long n = logits.size(0);
        ConfigException.require(
                n > 0 && part > 0,
                "the score needs pictures, but there are %d in parts of %d",
                n,
                part);
        double sum = 0;
        long parts = 0;
        for (long from = 0; from < n; from += part) {
            try (var _ = TensorScope.open()) {
                sum += ofPart(logits.narrow(0, from, Math.min(part, n - from)));
            }
            parts++;
        }
        return sum / parts;
    }

    private static double ofPart(Tensor logits) {
        Tensor p = Ops.softmax(Ops.to(logits, Dtype.FLOAT64), 1);
        Tensor marginal = Ops.mean(p, true, 0); // [1, classes]
        Tensor kl = Ops.sum(p.mul(p.log().sub(marginal.log())), false, 1); // [N]
        return Math.exp(Ops.item(kl.mean()));
    }
}
