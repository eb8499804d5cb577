package org.dit4j.model;

import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;

/// How the original code (Alpha-VLLM/Lumina-T2X, `models/model.py`) and diffusers
/// (`lumina_nextdit2d.py`) name the tensors of the same network.
///
/// diffusers has two attentions in a block, each with queries of its own, and their common output
/// in the second. Published folders hold the same queries twice
/// (`scripts/convert_lumina_to_diffusers.py`), but they may be trained apart.
public final class LuminaDitLayouts {
    private static final KeyMap FROM_DIFFUSERS =
            KeyMap.of(
                    KeyMap.rename("patch_embedder.proj.*", "x_embedder.*"),
                    KeyMap.rename(
                            "time_caption_embed.timestep_embedder.linear_1.*",
                            "t_embedder.mlp.0.*"),
                    KeyMap.rename(
                            "time_caption_embed.timestep_embedder.linear_2.*",
                            "t_embedder.mlp.2.*"),
                    KeyMap.rename("time_caption_embed.caption_embedder.*", "cap_embedder.*"),
                    KeyMap.rename("layers.{}.gate", "layers.{}.attention.gate"),
                    KeyMap.rename("layers.{}.attn1.to_q.*", "layers.{}.attention.wq.*"),
                    KeyMap.rename("layers.{}.attn1.to_k.*", "layers.{}.attention.wk.*"),
                    KeyMap.rename("layers.{}.attn1.to_v.*", "layers.{}.attention.wv.*"),
                    KeyMap.rename("layers.{}.attn1.norm_q.*", "layers.{}.attention.q_norm.*"),
                    KeyMap.rename("layers.{}.attn1.norm_k.*", "layers.{}.attention.k_norm.*"),
                    KeyMap.rename("layers.{}.attn2.to_q.*", "layers.{}.attention.wq_y.*"),
                    KeyMap.rename("layers.{}.attn2.to_k.*", "layers.{}.attention.wk_y.*"),
                    KeyMap.rename("layers.{}.attn2.to_v.*", "layers.{}.attention.wv_y.*"),
                    KeyMap.rename("layers.{}.attn2.norm_q.*", "layers.{}.attention.qy_norm.*"),
                    KeyMap.rename("layers.{}.attn2.norm_k.*", "layers.{}.attention.ky_norm.*"),
                    KeyMap.rename("layers.{}.attn2.to_out.0.*", "layers.{}.attention.wo.*"),
                    KeyMap.rename(
                            "layers.{}.feed_forward.linear_{}.*", "layers.{}.feed_forward.w{}.*"),
                    KeyMap.rename("layers.{}.norm1.linear.*", "layers.{}.adaLN_modulation.1.*"),
                    KeyMap.rename("layers.{}.norm1.norm.*", "layers.{}.attention_norm1.*"),
                    KeyMap.rename("layers.{}.norm2.*", "layers.{}.attention_norm2.*"),
                    KeyMap.rename("layers.{}.norm1_context.*", "layers.{}.attention_y_norm.*"),
                    KeyMap.rename("norm_out.linear_1.*", "final_layer.adaLN_modulation.1.*"),
                    KeyMap.rename("norm_out.linear_2.*", "final_layer.linear.*"));

    /// The queries of the image, once more as those of the text.
    private static final List<KeyMap> COPY_QUERIES =
            List.of(
                    KeyMap.of(
                            KeyMap.share("layers.{}.attention.wq.*", "{}.layers.{}.wq.*", 2),
                            KeyMap.share("layers.{}.attention.q_norm.*", "{}.layers.{}.norm.*", 2)),
                    KeyMap.of(
                            KeyMap.rename("0.layers.{}.wq.*", "layers.{}.attention.wq.*"),
                            KeyMap.rename("1.layers.{}.wq.*", "layers.{}.attention.wq_y.*"),
                            KeyMap.rename("0.layers.{}.norm.*", "layers.{}.attention.q_norm.*"),
                            KeyMap.rename("1.layers.{}.norm.*", "layers.{}.attention.qy_norm.*")));

    private LuminaDitLayouts() {}

    /// Returns the layout of a checkpoint; nothing if it is no Flag-DiT or Next-DiT.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("time_caption_embed.caption_embedder.1.weight")
                && dict.has("layers.0.attn1.to_q.weight")) {
            return Optional.of(Layout.DIFFUSERS);
        }
        boolean conditional =
                dict.has("cap_embedder.1.weight") || dict.has("y_embedder.embedding_table.weight");
        return conditional && dict.has("layers.0.attention.wq.weight")
                ? Optional.of(Layout.ORIGINAL)
                : Optional.empty();
    }

    /// Returns the tensors of either layout under the names of [LuminaDit]. The result takes `dict`
    /// over.
    public static StateDict toOriginal(StateDict dict, Layout layout) {
        return switch (layout) {
            case ORIGINAL, SINGLE_FILE -> dict;
            case DIFFUSERS -> FROM_DIFFUSERS.apply(dict);
        };
    }

    /// Returns tensors under the names of [LuminaDit] named as diffusers does. The result takes
    /// `dict` over.
    ///
    /// @throws CheckpointException if the network is conditional on a class: diffusers has none
    public static StateDict toDiffusers(StateDict dict) {
        if (!dict.has("cap_embedder.1.weight")) {
            throw new CheckpointException(
                    dict.file() + ": diffusers has no Lumina that is conditional on a class");
        }
        StateDict own = dict;
        for (KeyMap map : ownQueries(dict) ? List.<KeyMap>of() : COPY_QUERIES) {
            own = map.apply(own);
        }
        return FROM_DIFFUSERS.inverse().apply(own);
    }

    /// Returns whether the text has queries of its own.
    static boolean ownQueries(StateDict dict) {
        return dict.has("layers.0.attention.wq_y.weight");
    }

    /// Returns tensors under the names of [LuminaDit] without the queries of the text if those of
    /// the image are the same everywhere, as the original code has it. The result takes `dict`
    /// over.
    static StateDict withoutCopies(StateDict dict) {
        List<String> copies =
                dict.names().stream()
                        .filter(n -> n.contains(".attention.wq_y.") || n.contains("qy_norm."))
                        .toList();
        boolean same =
                copies.stream()
                        .allMatch(n ->
                                dict.tensor(n)
                                        .equal(
                                                dict.tensor(
                                                        n.replace("wq_y.", "wq.")
                                                                .replace("qy_norm.", "q_norm."))));
        StateDict rest = dict;
        for (String copy : same ? copies : List.<String>of()) {
            rest = rest.without(copy);
        }
        return rest;
    }
}
