package org.dit4j.model;

import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (Stability-AI/sd3.5, `mmditx.py`) and diffusers (`transformer_sd3.py`)
/// name the tensors of the same network.
///
/// diffusers has separate projections of queries, keys and values, and has scale before shift in
/// the final modulation and in that of the last block's text
/// (`scripts/convert_sd3_to_diffusers.py`).
public final class MmDitLayouts {
    private static final String PREFIX = "model.diffusion_model.";
    private static final String THEIRS = "transformer_blocks.{}.";
    private static final String CONTEXT = "joint_blocks.{}.context_block.";
    private static final String IMAGE = "joint_blocks.{}.x_block.";

    private static final KeyMap NAMES =
            KeyMap.of(
                    KeyMap.rename("pos_embed.pos_embed", "pos_embed"),
                    KeyMap.rename("pos_embed.proj.*", "x_embedder.proj.*"),
                    KeyMap.rename(
                            "time_text_embed.timestep_embedder.linear_1.*", "t_embedder.mlp.0.*"),
                    KeyMap.rename(
                            "time_text_embed.timestep_embedder.linear_2.*", "t_embedder.mlp.2.*"),
                    KeyMap.rename("time_text_embed.text_embedder.linear_1.*", "y_embedder.mlp.0.*"),
                    KeyMap.rename("time_text_embed.text_embedder.linear_2.*", "y_embedder.mlp.2.*"),
                    KeyMap.join(
                            IMAGE + "attn.qkv.*",
                            THEIRS + "attn.to_q.*",
                            THEIRS + "attn.to_k.*",
                            THEIRS + "attn.to_v.*"),
                    KeyMap.join(
                            CONTEXT + "attn.qkv.*",
                            THEIRS + "attn.add_q_proj.*",
                            THEIRS + "attn.add_k_proj.*",
                            THEIRS + "attn.add_v_proj.*"),
                    KeyMap.join(
                            IMAGE + "attn2.qkv.*",
                            THEIRS + "attn2.to_q.*",
                            THEIRS + "attn2.to_k.*",
                            THEIRS + "attn2.to_v.*"),
                    KeyMap.rename(THEIRS + "attn.norm_q.*", IMAGE + "attn.ln_q.*"),
                    KeyMap.rename(THEIRS + "attn.norm_k.*", IMAGE + "attn.ln_k.*"),
                    KeyMap.rename(THEIRS + "attn2.norm_q.*", IMAGE + "attn2.ln_q.*"),
                    KeyMap.rename(THEIRS + "attn2.norm_k.*", IMAGE + "attn2.ln_k.*"),
                    KeyMap.rename(THEIRS + "attn.norm_added_q.*", CONTEXT + "attn.ln_q.*"),
                    KeyMap.rename(THEIRS + "attn.norm_added_k.*", CONTEXT + "attn.ln_k.*"),
                    KeyMap.rename(THEIRS + "attn.to_out.0.*", IMAGE + "attn.proj.*"),
                    KeyMap.rename(THEIRS + "attn2.to_out.0.*", IMAGE + "attn2.proj.*"),
                    KeyMap.rename(THEIRS + "attn.to_add_out.*", CONTEXT + "attn.proj.*"),
                    KeyMap.rename(THEIRS + "ff.net.0.proj.*", IMAGE + "mlp.fc1.*"),
                    KeyMap.rename(THEIRS + "ff.net.2.*", IMAGE + "mlp.fc2.*"),
                    KeyMap.rename(THEIRS + "ff_context.net.0.proj.*", CONTEXT + "mlp.fc1.*"),
                    KeyMap.rename(THEIRS + "ff_context.net.2.*", CONTEXT + "mlp.fc2.*"),
                    KeyMap.rename(THEIRS + "norm1.linear.*", IMAGE + "adaLN_modulation.1.*"),
                    KeyMap.rename(
                            THEIRS + "norm1_context.linear.*", CONTEXT + "adaLN_modulation.1.*"),
                    KeyMap.rename("proj_out.*", "final_layer.linear.*"));

    private MmDitLayouts() {}

    /// Returns the layout of a checkpoint; nothing if it is no MM-DiT.
    public static Optional<Layout> find(StateDict dict) {
        String qkv = "joint_blocks.0.x_block.attn.qkv.weight";
        if (dict.has(qkv)) {
            return Optional.of(Layout.ORIGINAL);
        }
        if (dict.has(PREFIX + qkv)) {
            return Optional.of(Layout.SINGLE_FILE);
        }
        return dict.has("transformer_blocks.0.attn.add_q_proj.weight")
                        && dict.has("pos_embed.proj.weight")
                        && dict.has("proj_out.weight")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }

    /// Returns whether the tensors are those of a ControlNet, which only diffusers has.
    static boolean isControlNet(StateDict dict) {
        return dict.has("controlnet_blocks.0.weight")
                && dict.has("pos_embed_input.proj.weight")
                && dict.has("transformer_blocks.0.attn.to_q.weight");
    }

    /// Returns the tensors of a ControlNet named by diffusers under the names of [MmDitControlNet].
    /// The result takes `dict` over.
    static StateDict controlNet(StateDict dict) {
        return NAMES.apply(dict);
    }

    /// Returns tensors of that layout under the names of [MmDit]. The result takes `dict` over.
    static StateDict original(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL -> dict;
            case SINGLE_FILE -> dict.below(PREFIX);
            case DIFFUSERS -> fromDiffusers(dict);
        };
    }

    /// Returns tensors named by diffusers under the names of [MmDit]. The result takes `dict` over.
    public static StateDict fromDiffusers(StateDict dict) {
        StateDict result = dict;
        for (KeyMap map : maps(depth(dict, "transformer_blocks.%d.attn.to_q.weight"))) {
            result = map.apply(result);
        }
        return result;
    }

    /// Returns tensors under the names of [MmDit] named as diffusers does. The result takes `dict`
    /// over.
    public static StateDict toDiffusers(StateDict dict) {
        StateDict result = dict;
        for (KeyMap map : maps(depth(dict)).reversed()) {
            result = map.inverse().apply(result);
        }
        return result;
    }

    /// Returns the number of blocks of tensors under the names of [MmDit].
    static int depth(StateDict dict) {
        return depth(dict, "joint_blocks.%d.x_block.attn.qkv.weight");
    }

    private static int depth(StateDict dict, String name) {
        int depth = 0;
        while (dict.has(name.formatted(depth))) {
            depth++;
        }
        return depth;
    }

    /// From diffusers to the original code: two modulations are cut, all else gets other names, the
    /// two are put together the other way round.
    private static List<KeyMap> maps(int depth) {
        int last = depth - 1;
        KeyMap cut =
                KeyMap.of(
                        KeyMap.join("norm_out.linear.*", "final.scale.*", "final.shift.*"),
                        KeyMap.join(
                                "transformer_blocks." + last + ".norm1_context.linear.*",
                                "last.scale.*",
                                "last.shift.*"));
        KeyMap join =
                KeyMap.of(
                        KeyMap.join(
                                "final_layer.adaLN_modulation.1.*",
                                "final.shift.*",
                                "final.scale.*"),
                        KeyMap.join(
                                "joint_blocks." + last + ".context_block.adaLN_modulation.1.*",
                                "last.shift.*",
                                "last.scale.*"));
        return List.of(cut.inverse(), NAMES, join);
    }
}
