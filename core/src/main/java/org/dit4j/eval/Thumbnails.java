package org.dit4j.eval;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.Picture;
import org.dit4j.data.Resampling;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Pictures reduced to 16 x 16 pixels: the plainest features there are, which any trained ones have
/// to beat.
public final class Thumbnails {
    private static final int SIDE = 16;

    private Thumbnails() {}

    /// Returns the pixels of pictures of any size, each the mean of those it covers, in [0, 1];
    /// float32 `[N, 768]`.
    public static Tensor of(List<Picture> pictures) {
        return TensorScope.compute(() -> {
            List<Tensor> rows =
                    pictures.stream()
                            .map(p -> Resampling.BOX.resize(p, SIDE, SIDE).tensor().flatten())
                            .toList();
            return Ops.mul(Ops.to(Ops.stack(0, rows), Dtype.FLOAT32), 1 / 255.0);
        });
    }
}
