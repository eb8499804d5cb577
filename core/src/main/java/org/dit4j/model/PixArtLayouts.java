package org.dit4j.model;

import java.util.Optional;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (PixArt-alpha/PixArt-sigma, `PixArtMS.py`) and diffusers
/// (`pixart_transformer_2d.py`) name the tensors of the same network
/// (`tools/convert_pixart_to_diffusers.py`).
public final class PixArtLayouts {
    private static final String EMBED = "adaln_single.emb.";
    private static final String THEIRS = "transformer_blocks.{}.";
    private static final String OURS = "blocks.{}.";
    private static final String POSITIONS = "pos_embed";
    private static final String NO_TEXT = "y_embedder.y_embedding";

    private static final KeyMap NAMES =
            KeyMap.of(
                    KeyMap.rename("pos_embed.proj.*", "x_embedder.proj.*"),
                    KeyMap.rename(EMBED + "timestep_embedder.linear_1.*", "t_embedder.mlp.0.*"),
                    KeyMap.rename(EMBED + "timestep_embedder.linear_2.*", "t_embedder.mlp.2.*"),
                    KeyMap.rename(
                            EMBED + "resolution_embedder.linear_1.*", "csize_embedder.mlp.0.*"),
                    KeyMap.rename(
                            EMBED + "resolution_embedder.linear_2.*", "csize_embedder.mlp.2.*"),
                    KeyMap.rename(
                            EMBED + "aspect_ratio_embedder.linear_1.*", "ar_embedder.mlp.0.*"),
                    KeyMap.rename(
                            EMBED + "aspect_ratio_embedder.linear_2.*", "ar_embedder.mlp.2.*"),
                    KeyMap.rename("adaln_single.linear.*", "t_block.1.*"),
                    KeyMap.rename("caption_projection.linear_1.*", "y_embedder.y_proj.fc1.*"),
                    KeyMap.rename("caption_projection.linear_2.*", "y_embedder.y_proj.fc2.*"),
                    KeyMap.rename(THEIRS + "scale_shift_table", OURS + "scale_shift_table"),
                    KeyMap.join(
                            OURS + "attn.qkv.*",
                            THEIRS + "attn1.to_q.*",
                            THEIRS + "attn1.to_k.*",
                            THEIRS + "attn1.to_v.*"),
                    KeyMap.rename(THEIRS + "attn1.to_out.0.*", OURS + "attn.proj.*"),
                    KeyMap.rename(THEIRS + "attn2.to_q.*", OURS + "cross_attn.q_linear.*"),
                    KeyMap.join(
                            OURS + "cross_attn.kv_linear.*",
                            THEIRS + "attn2.to_k.*",
                            THEIRS + "attn2.to_v.*"),
                    KeyMap.rename(THEIRS + "attn2.to_out.0.*", OURS + "cross_attn.proj.*"),
                    KeyMap.rename(THEIRS + "ff.net.0.proj.*", OURS + "mlp.fc1.*"),
                    KeyMap.rename(THEIRS + "ff.net.2.*", OURS + "mlp.fc2.*"),
                    KeyMap.rename("scale_shift_table", "final_layer.scale_shift_table"),
                    KeyMap.rename("proj_out.*", "final_layer.linear.*"));

    private PixArtLayouts() {}

    /// Returns the layout of a checkpoint; nothing if it is no PixArt. Latte of diffusers has the
    /// same tensors and temporal blocks besides, Sana another feed-forward part.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("t_block.1.weight")
                && dict.has("blocks.0.cross_attn.kv_linear.weight")
                && dict.has("blocks.0.mlp.fc1.weight")) {
            return Optional.of(Layout.ORIGINAL);
        }
        return dict.has("adaln_single.linear.weight")
                        && dict.has("transformer_blocks.0.attn2.to_q.weight")
                        && dict.has("pos_embed.proj.weight")
                        && !dict.has("temporal_transformer_blocks.0.scale_shift_table")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }

    /// Returns the tensors of either layout under the names of [PixArt], without the table of
    /// positions, which is computed, and the text of training without text. The result takes `dict`
    /// over.
    public static StateDict toOriginal(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL, SINGLE_FILE -> without(without(dict, POSITIONS), NO_TEXT);
            case DIFFUSERS -> NAMES.apply(dict);
        };
    }

    /// Returns tensors under the names of [PixArt] named as diffusers does. The result takes `dict`
    /// over.
    public static StateDict toDiffusers(StateDict dict) {
        return NAMES.inverse().apply(dict);
    }

    private static StateDict without(StateDict dict, String name) {
        return dict.has(name) ? dict.without(name) : dict;
    }
}
