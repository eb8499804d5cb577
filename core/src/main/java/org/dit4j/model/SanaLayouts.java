package org.dit4j.model;

import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (NVlabs/Sana, `sana_multi_scale.py`) and diffusers (`sana_transformer.py`)
/// name the tensors of the same network (`scripts/convert_sana_to_diffusers.py`).
public final class SanaLayouts {
    private static final String TIME = "time_embed.";
    private static final String PLAIN_TIME = "time_embed.emb.";
    private static final String THEIRS = "transformer_blocks.{}.";
    private static final String OURS = "blocks.{}.";

    /// What the original stores beside the network: the table of positions, which is computed, the
    /// text of training without text, and the weights of a loss.
    private static final List<String> BESIDE =
            List.of(
                    "pos_embed",
                    "y_embedder.y_embedding",
                    "logvar_linear.weight",
                    "logvar_linear.bias");

    private static final KeyMap NAMES = names(PLAIN_TIME);
    private static final KeyMap GUIDED_NAMES = names(TIME);

    private SanaLayouts() {}

    /// @param time what the embedding of the time is below, which differs where there is one of the
    ///   guidance beside it
    private static KeyMap names(String time) {
        return KeyMap.of(
                KeyMap.rename("patch_embed.proj.*", "x_embedder.proj.*"),
                KeyMap.rename(time + "timestep_embedder.linear_1.*", "t_embedder.mlp.0.*"),
                KeyMap.rename(time + "timestep_embedder.linear_2.*", "t_embedder.mlp.2.*"),
                KeyMap.rename(TIME + "guidance_embedder.linear_1.*", "cfg_embedder.mlp.0.*"),
                KeyMap.rename(TIME + "guidance_embedder.linear_2.*", "cfg_embedder.mlp.2.*"),
                KeyMap.rename(TIME + "linear.*", "t_block.1.*"),
                KeyMap.rename("caption_projection.linear_1.*", "y_embedder.y_proj.fc1.*"),
                KeyMap.rename("caption_projection.linear_2.*", "y_embedder.y_proj.fc2.*"),
                KeyMap.rename("caption_norm.*", "attention_y_norm.*"),
                rename("scale_shift_table", "scale_shift_table"),
                rename("norm2.*", "norm2.*"),
                KeyMap.join(
                        OURS + "attn.qkv.*",
                        THEIRS + "attn1.to_q.*",
                        THEIRS + "attn1.to_k.*",
                        THEIRS + "attn1.to_v.*"),
                rename("attn1.norm_q.*", "attn.q_norm.*"),
                rename("attn1.norm_k.*", "attn.k_norm.*"),
                rename("attn1.to_out.0.*", "attn.proj.*"),
                rename("attn2.to_q.*", "cross_attn.q_linear.*"),
                KeyMap.join(
                        OURS + "cross_attn.kv_linear.*",
                        THEIRS + "attn2.to_k.*",
                        THEIRS + "attn2.to_v.*"),
                rename("attn2.norm_q.*", "cross_attn.q_norm.*"),
                rename("attn2.norm_k.*", "cross_attn.k_norm.*"),
                rename("attn2.to_out.0.*", "cross_attn.proj.*"),
                rename("ff.conv_inverted.*", "mlp.inverted_conv.conv.*"),
                rename("ff.conv_depth.*", "mlp.depth_conv.conv.*"),
                rename("ff.conv_point.*", "mlp.point_conv.conv.*"),
                KeyMap.rename("scale_shift_table", "final_layer.scale_shift_table"),
                KeyMap.rename("proj_out.*", "final_layer.linear.*"));
    }

    private static KeyMap.Rule rename(String theirs, String ours) {
        return KeyMap.rename(THEIRS + theirs, OURS + ours);
    }

    /// Returns the layout of a checkpoint; nothing if it is no Sana.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("blocks.0.mlp.inverted_conv.conv.weight")) {
            return Optional.of(Layout.ORIGINAL);
        }
        return dict.has("transformer_blocks.0.ff.conv_inverted.weight")
                        && dict.has("caption_norm.weight")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }

    /// Returns the tensors of either layout under the names of [Sana], without what the original
    /// stores beside the network. The result takes `dict` over.
    public static StateDict toOriginal(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL, SINGLE_FILE -> withoutBeside(dict);
            case DIFFUSERS ->
                    (dict.has(TIME + "guidance_embedder.linear_1.weight") ? GUIDED_NAMES : NAMES)
                            .apply(dict);
        };
    }

    private static StateDict withoutBeside(StateDict dict) {
        StateDict rest = dict;
        for (String name : BESIDE) {
            rest = rest.has(name) ? rest.without(name) : rest;
        }
        return rest;
    }

    /// Returns tensors under the names of [Sana] named as diffusers does. The result takes `dict`
    /// over.
    public static StateDict toDiffusers(StateDict dict) {
        boolean guided = dict.has("cfg_embedder.mlp.0.weight");
        return (guided ? GUIDED_NAMES : NAMES).inverse().apply(dict);
    }
}
