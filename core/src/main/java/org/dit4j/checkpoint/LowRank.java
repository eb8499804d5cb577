package org.dit4j.checkpoint;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// The update of one layer: `factor * up down` (Hu et al. 2021, arXiv:2106.09685, section 4.1). Of
/// a convolution, `down` is one to r channels and `up` has kernels of one pixel.
///
/// @param layer for messages
/// @param down `[r, in]`, or `[r, in, k, k]`
/// @param up `[out, r]`, or `[out, r, 1, 1]`
/// @param factor times which the product is added
record LowRank(String layer, StateDict.Item down, StateDict.Item up, double factor) {
    /// Returns this update times `scale`.
    LowRank times(double scale) {
        return new LowRank(layer, down, up, factor * scale);
    }

    /// Fails unless the product has the shape of the weight.
    void require(StateDict.Entry weight) {
        long[] shape = weight.shape();
        long[] a = down.entry().shape();
        long[] b = up.entry().shape();
        boolean fits =
                shape.length >= 2
                        && a.length >= 2
                        && b.length >= 2
                        && b[0] == shape[0]
                        && b[1] == a[0]
                        && product(b, 2) == 1
                        && product(a, 1) == product(shape, 1);
        if (!fits || !weight.dtype().isFloat()) {
            throw new CheckpointException(
                    "%s: %s times %s does not fit the weight %s %s"
                            .formatted(
                                    layer,
                                    Arrays.toString(b),
                                    Arrays.toString(a),
                                    weight.dtype(),
                                    Arrays.toString(shape)));
        }
    }

    private static long product(long[] shape, int from) {
        return Arrays.stream(shape, from, shape.length).reduce(1, Math::multiplyExact);
    }

    /// Returns what is added to a weight of that shape, float32.
    Tensor delta(long... shape) {
        return TensorScope.compute(() -> {
            Tensor a = Ops.to(down.read(), Dtype.FLOAT32).flatten(1, -1); // [r, in]
            Tensor b = Ops.to(up.read(), Dtype.FLOAT32).flatten(1, -1); // [out, r]
            return Ops.mul(b.matmul(a), factor).reshape(shape);
        });
    }
}
