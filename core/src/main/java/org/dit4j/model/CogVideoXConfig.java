package org.dit4j.model;

import org.dit4j.ConfigException;
import org.dit4j.nn.VideoPatch;

/// The numbers of a [CogVideoX].
///
/// @param patch what becomes one token; as high as it is wide
/// @param patchOverTime whether patches may hold several frames, as in version 1.5
/// @param patchBias whether the convolution of patches of one frame has a bias
/// @param inChannels channels of the latents C
/// @param outChannels channels of the prediction
/// @param numHeads heads of the attention
/// @param headWidth channels of a head K
/// @param depth number of blocks
/// @param timeWidth of the embedded time, T
/// @param offsetWidth of the embedded offset, 0 or T
/// @param textWidth of the text's states, E
/// @param textLength tokens of the text in a learned table of positions
/// @param frames usual frames of the latents, of which a learned table has positions
/// @param height usual height of the latents
/// @param width usual width of the latents
/// @param spatialScale added positions of neighbouring patches are its inverse apart
/// @param temporalScale the same for frames
/// @param positions how tokens learn their place
/// @param attentionBias whether queries, keys and values have biases
/// @param affineNorms whether norms have weights
/// @param normEps of the norms of the tokens
public record CogVideoXConfig(
        VideoPatch patch,
        boolean patchOverTime,
        boolean patchBias,
        int inChannels,
        int outChannels,
        int numHeads,
        int headWidth,
        int depth,
        int timeWidth,
        int offsetWidth,
        int textWidth,
        int textLength,
        int frames,
        int height,
        int width,
        double spatialScale,
        double temporalScale,
        Positions positions,
        boolean attentionBias,
        boolean affineNorms,
        double normEps) {
    /// How tokens learn their place.
    public enum Positions {
        /// A sin-cos table is added, as in CogVideoX-2B.
        SIN_COS,
        /// Queries and keys are turned, as in CogVideoX-5B.
        ROTARY,
        /// Both, and the table is part of the checkpoint, as in CogVideoX-5B-I2V.
        ROTARY_LEARNED;

        boolean isAdded() {
            return this != ROTARY;
        }

        boolean isRotary() {
            return this != SIN_COS;
        }
    }

    /// Checks the rules that hold between the numbers.
    public CogVideoXConfig {
        ConfigException.require(
                patch.height() == patch.width() && (patchOverTime || patch.frames() == 1),
                "patches must be square, and of one frame without patch_size_t, but are %s",
                patch);
        ConfigException.require(
                inChannels > 0 && outChannels > 0,
                "in_channels and out_channels must be positive but are %d and %d",
                inChannels,
                outChannels);
        ConfigException.require(
                numHeads > 0 && headWidth > 0 && numHeads * headWidth % 2 == 0,
                "num_attention_heads %d and attention_head_dim %d must be positive, their product"
                        + " even",
                numHeads,
                headWidth);
        ConfigException.require(
                depth > 0 && timeWidth > 0 && textWidth > 0 && textLength > 0,
                "num_layers, time_embed_dim, text_embed_dim and max_text_seq_length must be positive"
                        + " but are %d, %d, %d and %d",
                depth,
                timeWidth,
                textWidth,
                textLength);
        ConfigException.require(
                offsetWidth == 0 || (offsetWidth == timeWidth && offsetWidth % 2 == 0),
                "ofs_embed_dim must be even and time_embed_dim, %d, but is %d",
                timeWidth,
                offsetWidth);
        ConfigException.require(
                frames > 0 && height >= patch.height() && width >= patch.width(),
                "the usual latents must have a patch but are %d x %d x %d",
                frames,
                height,
                width);
        ConfigException.require(
                spatialScale > 0 && temporalScale > 0 && normEps >= 0,
                "interpolation scales must be positive, norm_eps not negative, but are %s, %s and"
                        + " %s",
                spatialScale,
                temporalScale,
                normEps);
        ConfigException.require(
                !positions.isAdded() || (numHeads * headWidth % 16 == 0 && !patchOverTime),
                "added positions need a width divisible by 16 and no patch_size_t; the width is %d",
                numHeads * headWidth);
        ConfigException.require(
                !positions.isRotary() || headWidth % 16 == 0,
                "rotary positions need attention_head_dim divisible by 16 but it is %d",
                headWidth);
    }

    /// Returns the width D.
    public int hiddenSize() {
        return numHeads * headWidth;
    }

    /// Returns the usual rows of patches.
    int rows() {
        return height / patch.height();
    }

    /// Returns the usual columns of patches.
    int columns() {
        return width / patch.width();
    }
}
