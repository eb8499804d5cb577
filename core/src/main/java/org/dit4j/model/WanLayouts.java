package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (Wan-Video/Wan2.1, `wan/modules/model.py`) and diffusers
/// (`transformer_wan.py`) name the tensors of the same network.
public final class WanLayouts {
    private static final KeyMap FROM_DIFFUSERS = new KeyMap(rules());

    private WanLayouts() {}

    private static List<KeyMap.Rule> rules() {
        var rules = new ArrayList<KeyMap.Rule>();
        String given = "condition_embedder.";
        for (String kind : List.of("text", "time")) {
            String layer = given + kind + "_embedder.linear_";
            rules.add(KeyMap.rename(layer + "1.*", kind + "_embedding.0.*"));
            rules.add(KeyMap.rename(layer + "2.*", kind + "_embedding.2.*"));
        }
        rules.add(KeyMap.rename(given + "time_proj.*", "time_projection.1.*"));
        String image = given + "image_embedder.";
        rules.add(KeyMap.rename(image + "pos_embed", "img_emb.emb_pos"));
        rules.add(KeyMap.rename(image + "norm1.*", "img_emb.proj.0.*"));
        rules.add(KeyMap.rename(image + "ff.net.0.proj.*", "img_emb.proj.1.*"));
        rules.add(KeyMap.rename(image + "ff.net.2.*", "img_emb.proj.3.*"));
        rules.add(KeyMap.rename(image + "norm2.*", "img_emb.proj.4.*"));
        rules.add(KeyMap.rename("scale_shift_table", "head.modulation"));
        rules.add(KeyMap.rename("proj_out.*", "head.head.*"));
        block(rules, "blocks.{}.");
        return rules;
    }

    private static void block(List<KeyMap.Rule> rules, String block) {
        rules.add(KeyMap.rename(block + "scale_shift_table", block + "modulation"));
        rules.add(KeyMap.rename(block + "norm2.*", block + "norm3.*"));
        rules.add(KeyMap.rename(block + "ffn.net.0.proj.*", block + "ffn.0.*"));
        rules.add(KeyMap.rename(block + "ffn.net.2.*", block + "ffn.2.*"));
        for (String name : List.of("attn1", "attn2")) {
            String from = block + name + ".";
            String to = block + (name.equals("attn1") ? "self_attn." : "cross_attn.");
            rules.add(KeyMap.rename(from + "to_out.0.*", to + "o.*"));
            for (String part : List.of("q", "k", "v")) {
                rules.add(KeyMap.rename(from + "to_" + part + ".*", to + part + ".*"));
            }
            rules.add(KeyMap.rename(from + "norm_added_k.*", to + "norm_k_img.*"));
            rules.add(KeyMap.rename(from + "add_k_proj.*", to + "k_img.*"));
            rules.add(KeyMap.rename(from + "add_v_proj.*", to + "v_img.*"));
            rules.add(KeyMap.rename(from + "norm_*", to + "norm_*"));
        }
    }

    /// Returns the layout of a checkpoint; nothing if it is no Wan.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("condition_embedder.time_proj.weight") && dict.has("patch_embedding.weight")) {
            return Optional.of(Layout.DIFFUSERS);
        }
        return dict.has("time_projection.1.weight") && dict.has("blocks.0.self_attn.q.weight")
                ? Optional.of(Layout.ORIGINAL)
                : Optional.empty();
    }

    /// Returns the tensors of either layout under the names of [Wan]. The result takes `dict` over.
    public static StateDict toOriginal(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL, SINGLE_FILE -> dict;
            case DIFFUSERS -> FROM_DIFFUSERS.apply(dict);
        };
    }

    /// Returns tensors under the names of [Wan] named as diffusers does. The result takes `dict`
    /// over.
    public static StateDict toDiffusers(StateDict dict) {
        return FROM_DIFFUSERS.inverse().apply(dict);
    }
}
