package org.dit4j.model;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (black-forest-labs/flux, `model.py`) and diffusers (`transformer_flux.py`)
/// name the tensors of the same network.
///
/// diffusers has separate projections of queries, keys and values, and has scale before shift in
/// the final modulation (`scripts/convert_flux_to_diffusers.py`).
public final class FluxLayouts {
    private static final String EMBED = "time_text_embed.";
    private static final String BLOCK = "transformer_blocks.{}.";
    private static final String DOUBLE = "double_blocks.{}.";
    private static final String THEIR_SINGLE = "single_transformer_blocks.{}.";
    private static final String SINGLE = "single_blocks.{}.";

    private static final KeyMap CUT =
            KeyMap.of(KeyMap.join("norm_out.linear.*", "final.scale.*", "final.shift.*")).inverse();

    private static final KeyMap NAMES =
            KeyMap.of(
                    KeyMap.rename("x_embedder.*", "img_in.*"),
                    KeyMap.rename("context_embedder.*", "txt_in.*"),
                    KeyMap.rename(EMBED + "timestep_embedder.linear_1.*", "time_in.in_layer.*"),
                    KeyMap.rename(EMBED + "timestep_embedder.linear_2.*", "time_in.out_layer.*"),
                    KeyMap.rename(EMBED + "text_embedder.linear_1.*", "vector_in.in_layer.*"),
                    KeyMap.rename(EMBED + "text_embedder.linear_2.*", "vector_in.out_layer.*"),
                    KeyMap.rename(EMBED + "guidance_embedder.linear_1.*", "guidance_in.in_layer.*"),
                    KeyMap.rename(
                            EMBED + "guidance_embedder.linear_2.*", "guidance_in.out_layer.*"),
                    KeyMap.join(
                            DOUBLE + "img_attn.qkv.*",
                            BLOCK + "attn.to_q.*",
                            BLOCK + "attn.to_k.*",
                            BLOCK + "attn.to_v.*"),
                    KeyMap.join(
                            DOUBLE + "txt_attn.qkv.*",
                            BLOCK + "attn.add_q_proj.*",
                            BLOCK + "attn.add_k_proj.*",
                            BLOCK + "attn.add_v_proj.*"),
                    rename("attn.norm_q.weight", "img_attn.norm.query_norm.scale"),
                    rename("attn.norm_k.weight", "img_attn.norm.key_norm.scale"),
                    rename("attn.norm_added_q.weight", "txt_attn.norm.query_norm.scale"),
                    rename("attn.norm_added_k.weight", "txt_attn.norm.key_norm.scale"),
                    rename("attn.to_out.0.*", "img_attn.proj.*"),
                    rename("attn.to_add_out.*", "txt_attn.proj.*"),
                    rename("ff.net.0.proj.*", "img_mlp.0.*"),
                    rename("ff.net.2.*", "img_mlp.2.*"),
                    rename("ff_context.net.0.proj.*", "txt_mlp.0.*"),
                    rename("ff_context.net.2.*", "txt_mlp.2.*"),
                    rename("norm1.linear.*", "img_mod.lin.*"),
                    rename("norm1_context.linear.*", "txt_mod.lin.*"),
                    KeyMap.joinShares(SINGLE + "linear1.*", single()),
                    renameSingle("attn.norm_q.weight", "norm.query_norm.scale"),
                    renameSingle("attn.norm_k.weight", "norm.key_norm.scale"),
                    renameSingle("proj_out.*", "linear2.*"),
                    renameSingle("norm.linear.*", "modulation.lin.*"),
                    KeyMap.join(
                            "final_layer.adaLN_modulation.1.*", "final.shift.*", "final.scale.*"),
                    KeyMap.rename("proj_out.*", "final_layer.linear.*"));

    /// The first layer of a single block: queries, keys, values, and the hidden part of the MLP.
    private static SequencedMap<String, Integer> single() {
        var parts = new LinkedHashMap<String, Integer>();
        parts.put(THEIR_SINGLE + "attn.to_q.*", 1);
        parts.put(THEIR_SINGLE + "attn.to_k.*", 1);
        parts.put(THEIR_SINGLE + "attn.to_v.*", 1);
        parts.put(THEIR_SINGLE + "proj_mlp.*", (int) Flux.MLP_RATIO);
        return parts;
    }

    private FluxLayouts() {}

    private static KeyMap.Rule rename(String theirs, String ours) {
        return KeyMap.rename(BLOCK + theirs, DOUBLE + ours);
    }

    private static KeyMap.Rule renameSingle(String theirs, String ours) {
        return KeyMap.rename(THEIR_SINGLE + theirs, SINGLE + ours);
    }

    /// Returns the layout of a checkpoint; nothing if it is no FLUX.1.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("img_in.weight") && dict.has("vector_in.in_layer.weight")) {
            return Optional.of(Layout.ORIGINAL);
        }
        return dict.has("x_embedder.weight")
                        && dict.has(EMBED + "text_embedder.linear_1.weight")
                        && dict.has("norm_out.linear.weight")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }

    /// Returns the tensors of either layout under the names of [Flux]. The result takes `dict`
    /// over.
    public static StateDict toOriginal(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL, SINGLE_FILE -> dict;
            case DIFFUSERS -> NAMES.apply(CUT.apply(dict));
        };
    }

    /// Returns tensors under the names of [Flux] named as diffusers does. The result takes `dict`
    /// over.
    public static StateDict toDiffusers(StateDict dict) {
        return CUT.inverse().apply(NAMES.inverse().apply(dict));
    }
}
