package org.dit4j.data;

import org.dit4j.ConfigException;

/// Makes pictures square, as guided diffusion and DiT prepare ImageNet: halve by boxes while both
/// sides are at least twice as long as wanted, resample the shorter side to the wanted length, take
/// the middle (Dhariwal and Nichol 2021; DiT `train.py`, `center_crop_arr`).
public final class CenterCrop {
    private CenterCrop() {}

    /// Returns the middle of the picture, `size` x `size`; the smaller picture is enlarged.
    ///
    /// @throws ConfigException if `size` is not 1 to 4096
    public static Picture of(Picture picture, int size) {
        ConfigException.require(
                size >= 1 && size <= 4096, "the size of a crop must be 1 to 4096 but is %d", size);
        Picture p = picture;
        while (shorter(p) >= 2 * size) {
            p = Resampling.BOX.resize(p, p.width() / 2, p.height() / 2);
        }
        double scale = (double) size / shorter(p);
        // Python rounds halves to even
        int width = (int) Math.rint(p.width() * scale);
        int height = (int) Math.rint(p.height() * scale);
        p = Resampling.BICUBIC.resize(p, width, height);
        return p.crop((width - size) / 2, (height - size) / 2, size, size);
    }

    private static int shorter(Picture p) {
        return Math.min(p.width(), p.height());
    }
}
