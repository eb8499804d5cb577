package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureSet;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The peak signal-to-noise ratio: how faithfully an autoencoder, or a run with a cache, gives
/// pictures back.
public final class Psnr {
    /// What equal pictures have, in dB; one value of a million that differs by one gives less.
    public static final double EQUAL = 110;

    private static final int BATCH = 16;

    private Psnr() {}

    /// Returns `10 log10(peak^2 / mse)` in dB of each picture; the peak of values in [-1, 1] is 2.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    /// @param y `[B, 3, H, W]`, limited to [-1, 1] first
    /// @return `[B]`
    public static Tensor of(Tensor x, Tensor y) {
        Tensor mse = Ops.meanFlat(Ops.clamp(y, -1, 1).sub(x).square());
        return Ops.mul(Ops.div(mse, 4).log10(), -10);
    }

    /// Returns `10 log10(255^2 / mse)` in dB, at most [#EQUAL], which equal pictures have.
    ///
    /// @throws ShapeException if they have different sizes
    public static double of(Picture one, Picture other) {
        if (one.width() != other.width() || one.height() != other.height()) {
            throw new ShapeException(
                    "pictures of %d x %d and %d x %d cannot be compared"
                            .formatted(one.width(), one.height(), other.width(), other.height()));
        }
        double sum = 0;
        for (int y = 0; y < one.height(); y++) {
            for (int x = 0; x < one.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    double difference = one.value(x, y, c) - other.value(x, y, c);
                    sum += difference * difference;
                }
            }
        }
        double mse = sum / (3.0 * one.width() * one.height());
        return Math.min(EQUAL, 10 * Math.log10(255.0 * 255.0 / mse));
    }

    /// Returns the mean over the pictures of a set, encoded without chance and decoded.
    public static double ofAutoencoder(Autoencoder autoencoder, PictureSet set) {
        double sum = 0;
        for (int from = 0; from < set.size(); from += BATCH) {
            var batch = new int[Math.min(BATCH, set.size() - from)];
            for (int i = 0; i < batch.length; i++) {
                batch[i] = from + i;
            }
            try (var _ = TensorScope.open()) {
                Tensor x = set.batch(batch);
                Tensor z = autoencoder.encode(Ops.to(x, autoencoder.device()));
                Tensor y = Ops.on(autoencoder.decode(z), x);
                for (float p : Tensors.floats(of(x, y))) {
                    sum += p;
                }
            }
        }
        return sum / set.size();
    }
}
