package org.dit4j.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (Alpha-VLLM/Lumina-Image-2.0, `models/model.py`) and diffusers
/// (`transformer_lumina2.py`) name the tensors of the same network.
///
/// diffusers has separate projections of queries, keys and values. The original code also stores a
/// norm that it never uses.
public final class Lumina2Layouts {
    private static final String UNUSED = "norm_final.weight";

    private static final KeyMap FROM_DIFFUSERS = new KeyMap(rules(1, 1));

    private Lumina2Layouts() {}

    /// @param queries share of the queries of what is projected to queries, keys and values
    /// @param keys share of the keys, and of the values: less if several heads have them in common
    private static List<KeyMap.Rule> rules(int queries, int keys) {
        var rules = new ArrayList<KeyMap.Rule>();
        String time = "time_caption_embed.timestep_embedder.";
        rules.add(KeyMap.rename(time + "linear_1.*", "t_embedder.mlp.0.*"));
        rules.add(KeyMap.rename(time + "linear_2.*", "t_embedder.mlp.2.*"));
        rules.add(KeyMap.rename("time_caption_embed.caption_embedder.*", "cap_embedder.*"));
        rules.add(KeyMap.rename("norm_out.linear_1.*", "final_layer.adaLN_modulation.1.*"));
        rules.add(KeyMap.rename("norm_out.linear_2.*", "final_layer.linear.*"));
        rules.add(
                KeyMap.rename(
                        "context_refiner.{}.norm1.*", "context_refiner.{}.attention_norm1.*"));
        for (String list : List.of("layers", "noise_refiner", "context_refiner")) {
            String block = list + ".{}.";
            var parts = new LinkedHashMap<String, Integer>();
            parts.put(block + "attn.to_q.*", queries);
            parts.put(block + "attn.to_k.*", keys);
            parts.put(block + "attn.to_v.*", keys);
            rules.add(KeyMap.joinShares(block + "attention.qkv.*", parts));
            rules.add(KeyMap.rename(block + "attn.norm_q.*", block + "attention.q_norm.*"));
            rules.add(KeyMap.rename(block + "attn.norm_k.*", block + "attention.k_norm.*"));
            rules.add(KeyMap.rename(block + "attn.to_out.0.*", block + "attention.out.*"));
            rules.add(
                    KeyMap.rename(
                            block + "feed_forward.linear_{}.*", block + "feed_forward.w{}.*"));
            rules.add(KeyMap.rename(block + "norm1.linear.*", block + "adaLN_modulation.1.*"));
            rules.add(KeyMap.rename(block + "norm1.norm.*", block + "attention_norm1.*"));
            rules.add(KeyMap.rename(block + "norm2.*", block + "attention_norm2.*"));
        }
        return rules;
    }

    /// Returns the layout of a checkpoint; nothing if it is no Lumina 2.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("time_caption_embed.caption_embedder.1.weight")
                && dict.has("layers.0.attn.to_q.weight")) {
            return Optional.of(Layout.DIFFUSERS);
        }
        return dict.has("cap_embedder.1.weight") && dict.has("layers.0.attention.qkv.weight")
                ? Optional.of(Layout.ORIGINAL)
                : Optional.empty();
    }

    /// Returns the tensors of either layout under the names of [Lumina2]. The result takes `dict`
    /// over.
    public static StateDict toOriginal(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL, SINGLE_FILE -> dict.has(UNUSED) ? dict.without(UNUSED) : dict;
            case DIFFUSERS -> FROM_DIFFUSERS.apply(dict);
        };
    }

    /// Returns tensors under the names of [Lumina2] named as diffusers does. The result takes
    /// `dict` over.
    public static StateDict toDiffusers(StateDict dict) {
        long width = dict.entry("layers.0.attention.out.weight").shape()[0];
        long rows = dict.entry("layers.0.attention.qkv.weight").shape()[0];
        int queries = Math.toIntExact(width);
        int keys = Math.toIntExact((rows - width) / 2);
        return new KeyMap(rules(queries, keys)).inverse().apply(dict);
    }
}
