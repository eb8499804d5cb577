package org.dit4j.text;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// What the encoders are given: the check of it, and the masks that are added to the scores.
///
/// Where nothing may be attended to stands the lowest finite number, as in transformers: a token
/// that sees only padding then attends to everything alike, and is not NaN.
final class TokenInput {
    /// What is added to a score below this stands for "not seen".
    static final double UNSEEN = -60000;

    private TokenInput() {}

    /// Checks tokens and mask.
    ///
    /// @param positions the most tokens that the network has positions for
    static void require(Tensor ids, Tensor mask, int vocabulary, int positions) {
        Shapes.require(ids, "ids", Shapes.ANY, Shapes.ANY);
        Shapes.require(mask, "mask", Shapes.of(ids));
        if (Dtype.of(ids) != Dtype.INT64 || ids.numel() == 0) {
            throw new ShapeException(
                    "ids must be int64 and not empty but are %s of shape %s"
                            .formatted(Dtype.of(ids).torchName(), Arrays.toString(Shapes.of(ids))));
        }
        if (ids.size(1) > positions) {
            throw new ShapeException(
                    "the network has %d positions but the texts have %d tokens"
                            .formatted(positions, ids.size(1)));
        }
        for (long id : Tensors.longs(ids)) {
            if (id < 0 || id >= vocabulary) {
                throw new ShapeException(
                        "token %d is outside the vocabulary of %d".formatted(id, vocabulary));
            }
        }
    }

    /// Returns the mask of attention in both directions, `[B, 1, 1, N]`.
    static Tensor bothWays(Tensor mask, Tensor like) {
        return added(whole(mask).unsqueeze(1).unsqueeze(1), like);
    }

    /// Returns the mask of attention to a token itself and those before it, `[B, 1, N, N]`.
    ///
    /// @param window how many tokens are seen, the token itself included; 0 for all
    static Tensor causal(Tensor mask, int window, Tensor like) {
        int n = (int) mask.size(1);
        var seen = new long[n * n];
        for (int i = 0; i < n; i++) {
            int from = window == 0 ? 0 : Math.max(0, i - window + 1);
            Arrays.fill(seen, i * n + from, i * n + i + 1, 1);
        }
        Tensor keys = whole(mask).unsqueeze(1).unsqueeze(1); // [B, 1, 1, N]
        return added(keys.mul(Ops.like(Tensors.of(seen, n, n), keys)), like); // [B, 1, N, N]
    }

    private static Tensor whole(Tensor mask) {
        return Ops.to(Ops.greaterThan(mask, 0), Dtype.INT64);
    }

    private static Tensor added(Tensor seen, Tensor like) {
        Tensor zero = Ops.like(Tensors.scalar(0), like);
        Tensor lowest = Ops.like(Tensors.full(lowest(Dtype.of(like)), Dtype.FLOAT64), like);
        return Ops.where(Ops.on(Ops.greaterThan(seen, 0), like), zero, lowest);
    }

    /// The lowest number of bfloat16 serves float32 as well.
    private static double lowest(Dtype dtype) {
        return dtype == Dtype.FLOAT16 ? -65504 : -(0x1.FEp127);
    }
}
