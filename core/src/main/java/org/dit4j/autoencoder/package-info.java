/// Autoencoders: pictures, videos or sounds to the latents that a diffusion model works on, and
/// back.
///
/// Pictures are float32 `[B, 3, H, W]`, videos `[B, 3, F, H, W]`, sounds `[B, channels, N]`, all in
/// [-1, 1]; latents are `[B, C, ...]` with the same axes. Parameter names are those of diffusers,
/// in which these networks are published.
@NullMarked
package org.dit4j.autoencoder;

import org.jspecify.annotations.NullMarked;
