/// Autoencoders: pictures to the latents that a diffusion model works on, and back.
///
/// Pictures are float32 `[B, 3, H, W]` in [-1, 1]; latents are `[B, C, h, w]`. Parameter names are
/// those of diffusers, in which these networks are published.
@NullMarked
package org.dit4j.autoencoder;

import org.jspecify.annotations.NullMarked;
