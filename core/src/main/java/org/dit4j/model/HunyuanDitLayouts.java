package org.dit4j.model;

import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (Tencent/HunyuanDiT, `hydit/modules`) and diffusers
/// (`hunyuan_transformer_2d.py`) name the tensors of the same network.
///
/// diffusers has separate projections of queries, keys and values, calls the norms before
/// cross-attention and MLP the other way round, and has scale before shift in the final modulation
/// (`scripts/convert_hunyuandit_to_diffusers.py`).
public final class HunyuanDitLayouts {
    private static final KeyMap NAMES =
            KeyMap.of(
                    KeyMap.rename("pos_embed.proj.*", "x_embedder.proj.*"),
                    KeyMap.rename("text_embedder.linear_1.*", "mlp_t5.0.*"),
                    KeyMap.rename("text_embedder.linear_2.*", "mlp_t5.2.*"),
                    KeyMap.rename("time_extra_emb.pooler.*", "pooler.*"),
                    KeyMap.rename("time_extra_emb.style_embedder.*", "style_embedder.*"),
                    KeyMap.rename(
                            "time_extra_emb.timestep_embedder.linear_1.*", "t_embedder.mlp.0.*"),
                    KeyMap.rename(
                            "time_extra_emb.timestep_embedder.linear_2.*", "t_embedder.mlp.2.*"),
                    KeyMap.rename("time_extra_emb.extra_embedder.linear_1.*", "extra_embedder.0.*"),
                    KeyMap.rename("time_extra_emb.extra_embedder.linear_2.*", "extra_embedder.2.*"),
                    KeyMap.join(
                            "blocks.{}.attn1.Wqkv.*",
                            "blocks.{}.attn1.to_q.*",
                            "blocks.{}.attn1.to_k.*",
                            "blocks.{}.attn1.to_v.*"),
                    KeyMap.rename("blocks.{}.attn2.to_q.*", "blocks.{}.attn2.q_proj.*"),
                    KeyMap.join(
                            "blocks.{}.attn2.kv_proj.*",
                            "blocks.{}.attn2.to_k.*",
                            "blocks.{}.attn2.to_v.*"),
                    KeyMap.rename("blocks.{}.attn{}.norm_q.*", "blocks.{}.attn{}.q_norm.*"),
                    KeyMap.rename("blocks.{}.attn{}.norm_k.*", "blocks.{}.attn{}.k_norm.*"),
                    KeyMap.rename("blocks.{}.attn{}.to_out.0.*", "blocks.{}.attn{}.out_proj.*"),
                    KeyMap.rename("blocks.{}.norm1.linear.*", "blocks.{}.default_modulation.1.*"),
                    KeyMap.rename("blocks.{}.norm1.norm.*", "blocks.{}.norm1.*"),
                    KeyMap.rename("blocks.{}.norm2.*", "blocks.{}.norm3.*"),
                    KeyMap.rename("blocks.{}.norm3.*", "blocks.{}.norm2.*"),
                    KeyMap.rename("blocks.{}.ff.net.0.proj.*", "blocks.{}.mlp.fc1.*"),
                    KeyMap.rename("blocks.{}.ff.net.2.*", "blocks.{}.mlp.fc2.*"),
                    KeyMap.rename("proj_out.*", "final_layer.linear.*"));

    /// Cuts the final modulation of diffusers: scale, then shift.
    private static final KeyMap CUT =
            KeyMap.of(
                            KeyMap.join(
                                    "norm_out.linear.*",
                                    "final_layer.scale.*",
                                    "final_layer.shift.*"))
                    .inverse();

    /// Joins it as the original code has it: shift, then scale.
    private static final KeyMap JOIN =
            KeyMap.of(
                    KeyMap.join(
                            "final_layer.adaLN_modulation.1.*",
                            "final_layer.shift.*",
                            "final_layer.scale.*"));

    private static final List<KeyMap> FROM_DIFFUSERS = List.of(NAMES, CUT, JOIN);

    private HunyuanDitLayouts() {}

    /// Returns the layout of a checkpoint; nothing if it is no Hunyuan-DiT.
    public static Optional<Layout> find(StateDict dict) {
        if (!dict.has("text_embedding_padding")) {
            return Optional.empty();
        }
        if (dict.has("blocks.0.attn1.to_q.weight") && dict.has("norm_out.linear.weight")) {
            return Optional.of(Layout.DIFFUSERS);
        }
        return dict.has("blocks.0.attn1.Wqkv.weight") && dict.has("mlp_t5.0.weight")
                ? Optional.of(Layout.ORIGINAL)
                : Optional.empty();
    }

    /// Returns whether the tensors are those of a ControlNet, which only diffusers has.
    static boolean isControlNet(StateDict dict) {
        return dict.has("controlnet_blocks.0.weight")
                && dict.has("input_block.weight")
                && dict.has("text_embedding_padding");
    }

    /// Returns the tensors of a ControlNet named by diffusers under the names of
    /// [HunyuanDitControlNet]. The result takes `dict` over.
    static StateDict controlNet(StateDict dict) {
        return NAMES.apply(dict);
    }

    /// Returns tensors named by diffusers under the names of [HunyuanDit]. The result takes `dict`
    /// over.
    public static StateDict fromDiffusers(StateDict dict) {
        StateDict result = dict;
        for (KeyMap map : FROM_DIFFUSERS) {
            result = map.apply(result);
        }
        return result;
    }

    /// Returns tensors under the names of [HunyuanDit] named as diffusers does. The result takes
    /// `dict` over.
    public static StateDict toDiffusers(StateDict dict) {
        StateDict result = dict;
        for (KeyMap map : FROM_DIFFUSERS.reversed()) {
            result = map.inverse().apply(result);
        }
        return result;
    }
}
