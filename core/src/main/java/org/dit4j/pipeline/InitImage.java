package org.dit4j.pipeline;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.data.Resampling;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A picture that generation starts from, instead of from noise (Meng et al. 2022,
/// arXiv:2108.01073), and the part of it that may change. Immutable.
///
/// @param picture brought to the size of the request
/// @param strength how much of the sampling is done, above 0, at most 1: at 1 nothing of the
///   picture remains but what the mask keeps
/// @param mask white where the picture may change, black where it is kept; brought to the size of
///   the request. Null for everywhere
public record InitImage(Picture picture, double strength, @Nullable Picture mask) {
    /// Checks the strength.
    public InitImage {
        ConfigException.require(
                strength > 0 && strength <= 1,
                "the strength must be above 0 and at most 1 but is %s",
                strength);
    }

    /// Returns the picture as an autoencoder takes it.
    ///
    /// @return `[1, 3, H, W]` in [-1, 1]
    Tensor pixels(int width, int height) {
        return pixels(picture, width, height);
    }

    /// Returns any picture as an autoencoder takes it.
    static Tensor pixels(Picture picture, int width, int height) {
        return Ops.add(Ops.mul(shares(picture, width, height), 2), -1);
    }

    /// Returns the mask of the latents.
    ///
    /// @param f how many pixels, along a side, one latent stands for
    /// @return `[1, 1, H / f, W / f]`, or null
    @Nullable Tensor latentMask(int width, int height, int f) {
        if (mask == null) {
            return null;
        }
        Tensor rgb = shares(mask, width, height); // [1, 3, H, W]
        Tensor gray =
                Ops.mul(rgb.narrow(1, 0, 1), 0.299)
                        .add(Ops.mul(rgb.narrow(1, 1, 1), 0.587))
                        .add(Ops.mul(rgb.narrow(1, 2, 1), 0.114)); // ITU-R BT.601
        return latentMask(gray, f);
    }

    /// Returns the mask of the latents: each takes the value of the first of its pixels, 1 from a
    /// half on (diffusers, `pipeline_stable_diffusion_3_inpaint.py`, `prepare_mask_latents`).
    ///
    /// @param pixels `[B, 1, H, W]` in [0, 1]
    /// @param f how many pixels, along a side, one latent stands for
    /// @return `[B, 1, H / f, W / f]`, 0 or 1
    public static Tensor latentMask(Tensor pixels, int f) {
        long h = pixels.size(2) / f;
        long w = pixels.size(3) / f;
        Tensor first =
                pixels.narrow(2, 0, h * f)
                        .narrow(3, 0, w * f)
                        .reshape(pixels.size(0), 1, h, f, w, f)
                        .select(5, 0)
                        .select(3, 0); // [B, 1, H / f, W / f]
        return Ops.add(Ops.mul(Ops.to(Ops.lessThan(first, 0.5), Dtype.of(pixels)), -1), 1);
    }

    private static Tensor shares(Picture picture, int width, int height) {
        Picture fitting = Resampling.LANCZOS.resize(picture, width, height);
        Tensor x = Ops.div(Ops.to(fitting.tensor(), Dtype.FLOAT32), 255); // [H, W, 3]
        return x.permute(2, 0, 1).unsqueeze(0).contiguous();
    }
}
