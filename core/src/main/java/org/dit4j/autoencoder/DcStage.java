package org.dit4j.autoencoder;

import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.nn.Activation;

/// A stage of the encoder or decoder of [AutoencoderDc].
///
/// @param block what it is made of
/// @param width its channels
/// @param layers number of blocks; a stage without any does not change the size either
/// @param scales sizes of the neighbourhoods that [Block#VIT] attends to besides the pixels
/// @param norm the norm of its blocks
/// @param activation the nonlinearity of [Block#RESIDUAL]
/// @param headWidth channels of a head of the attention
public record DcStage(
        Block block,
        int width,
        int layers,
        List<Integer> scales,
        Norm norm,
        Activation activation,
        int headWidth) {
    /// What a stage is made of.
    public enum Block {
        /// Two convolutions beside a shortcut.
        RESIDUAL,
        /// Linear attention and a gated convolution.
        VIT
    }

    /// How the channels are normalised.
    public enum Norm {
        /// By the root mean square of each pixel.
        RMS,
        /// By the mean and variance of each channel that training found.
        BATCH
    }

    /// Checks the rules that hold between the numbers.
    public DcStage {
        scales = List.copyOf(scales);
        ConfigException.require(
                width > 0 && layers >= 0,
                "a stage must have a positive width and 0 or more layers but has %d and %d",
                width,
                layers);
        ConfigException.require(
                headWidth > 0 && (block != Block.VIT || width >= headWidth),
                "attention_head_dim %d must be positive and at most the width %d",
                headWidth,
                width);
        ConfigException.require(
                scales.stream().allMatch(s -> s > 0 && s % 2 == 1),
                "qkv_multiscales must hold odd numbers but holds %s",
                scales);
    }
}
