package org.dit4j.pipeline;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;

/// What a ControlNet takes for its control picture.
public enum ControlLatents {
    /// Latents, shifted and scaled as those of samples are.
    SHIFTED,
    /// Latents that are scaled but not shifted, as the first ControlNets of Stable Diffusion 3 were
    /// trained on (diffusers, `pipeline_stable_diffusion_3_controlnet.py`).
    UNSHIFTED;

    /// Encodes control pictures, drawing from the distribution of the latents.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    /// @return `[B, C, h, w]`
    Tensor latents(Autoencoder autoencoder, Tensor x, Rng rng) {
        return scaled(autoencoder, autoencoder.encode(x, rng));
    }

    /// Returns latents as the network takes them.
    ///
    /// @param z shifted and scaled, `[B, C, h, w]`
    public Tensor scaled(Autoencoder autoencoder, Tensor z) {
        if (this == SHIFTED) {
            return z;
        }
        if (!(autoencoder instanceof AutoencoderKl kl)) {
            throw new ConfigException("a control picture needs an AutoencoderKL");
        }
        LatentScale scale = kl.config().scale();
        return Ops.mul(scale.invert(z), scale.factor());
    }
}
