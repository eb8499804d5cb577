package org.dit4j.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.KeyMap;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Dit.BlockType;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;
import tools.jackson.core.JacksonException;

/// How the original code (facebookresearch/DiT and willisma/SiT, `models.py`) and diffusers
/// (`models/transformers/dit_transformer_2d.py`) name the tensors of the same network.
///
/// diffusers gives every block its own time and class embedding, has no table of positions, and
/// spaces the frequencies of the timestep differently (see [Dit.Variant]); its modulations have the
/// same order (shift, scale, gate; in the final layer shift, scale). Its tables of classes always
/// have a row for "no class"; a network that was trained without dropped labels gets one of zeros,
/// which nothing reads unless it is guided.
public final class DitLayouts {
    /// A way to name the tensors.
    public enum Layout {
        /// The names of the original code, which are those of [Dit].
        ORIGINAL,
        /// The names of diffusers.
        DIFFUSERS;
    }

    /// Returns the layout of a checkpoint; nothing if it is no DiT.
    public static Optional<Layout> find(StateDict dict) {
        if (dict.has("transformer_blocks.0.attn1.to_q.weight")
                && dict.has("transformer_blocks.0.norm1.linear.weight")
                && dict.has("pos_embed.proj.weight")) {
            return Optional.of(Layout.DIFFUSERS);
        }
        if (dict.has("temp_embed")) { // a Latte, which has all the layers of a DiT
            return Optional.empty();
        }
        if (dict.has("x_embedder.proj.weight")
                && dict.has("blocks.0.attn.qkv.weight")
                && dict.has("final_layer.linear.weight")
                && !dict.has("t_block.1.weight")) { // PixArt
            return Optional.of(Layout.ORIGINAL);
        }
        return Optional.empty();
    }

    /// From diffusers to [Dit] with embeddings in every block.
    static final KeyMap FROM_DIFFUSERS =
            KeyMap.of(
                    KeyMap.rename("pos_embed.proj.*", "x_embedder.proj.*"),
                    KeyMap.rename(
                            "transformer_blocks.{}.norm1.emb.timestep_embedder.linear_1.*",
                            "blocks.{}.t_embedder.mlp.0.*"),
                    KeyMap.rename(
                            "transformer_blocks.{}.norm1.emb.timestep_embedder.linear_2.*",
                            "blocks.{}.t_embedder.mlp.2.*"),
                    KeyMap.rename(
                            "transformer_blocks.{}.norm1.emb.class_embedder.embedding_table.*",
                            "blocks.{}.y_embedder.embedding_table.*"),
                    KeyMap.rename(
                            "transformer_blocks.{}.norm1.linear.*",
                            "blocks.{}.adaLN_modulation.1.*"),
                    KeyMap.join(
                            "blocks.{}.attn.qkv.*",
                            "transformer_blocks.{}.attn1.to_q.*",
                            "transformer_blocks.{}.attn1.to_k.*",
                            "transformer_blocks.{}.attn1.to_v.*"),
                    KeyMap.rename(
                            "transformer_blocks.{}.attn1.to_out.0.*", "blocks.{}.attn.proj.*"),
                    KeyMap.rename("transformer_blocks.{}.ff.net.0.proj.*", "blocks.{}.mlp.fc1.*"),
                    KeyMap.rename("transformer_blocks.{}.ff.net.2.*", "blocks.{}.mlp.fc2.*"),
                    KeyMap.rename("proj_out_1.*", "final_layer.adaLN_modulation.1.*"),
                    KeyMap.rename("proj_out_2.*", "final_layer.linear.*"));

    private static final String POSITIONS = "pos_embed";
    private static final String TABLE = "y_embedder.embedding_table.weight";
    private static final String ORIGIN = "dit4j.original";

    /// The text that holds the configuration.
    static final String CONFIG = "dit4j.config";

    private DitLayouts() {}

    /// From one time and class embedding for all blocks to one in each.
    static KeyMap toEveryBlock(int depth) {
        return KeyMap.of(
                KeyMap.share("t_embedder.*", "blocks.{}.t_embedder.*", depth),
                KeyMap.share("y_embedder.*", "blocks.{}.y_embedder.*", depth));
    }

    /// Returns the checkpoint in the layout of diffusers. What that layout cannot say, the original
    /// configuration and a table of positions that is not exactly the computed one, is kept in the
    /// metadata, so that [#original] restores every bit.
    ///
    /// @param from its tensors under the names of [Dit]; taken over
    /// @throws ConfigException if diffusers has no such network
    public static DitCheckpoint diffusers(DitCheckpoint from) {
        Dit.Config c = from.config();
        requireExpressible(c);
        double dropout = hasNoClass(c) ? c.classDropoutProb() : DitConfigs.DIFFUSERS_DROPOUT;
        if (c.variant().perBlockEmbedders()) {
            StateDict tensors = withNoClass(withoutPositions(from.tensors()), c);
            return described(
                    FROM_DIFFUSERS.inverse().apply(tensors),
                    DitConfigs.withDropout(c, dropout),
                    Layout.DIFFUSERS,
                    from.tensors().metadata());
        }
        Map<String, String> origin = new LinkedHashMap<>();
        origin.put(ORIGIN, text(c));
        keepPositions(from, origin);
        StateDict tensors = withNoClass(withoutPositions(from.tensors()), c);
        return described(
                FROM_DIFFUSERS.inverse().apply(toEveryBlock(c.depth()).apply(tensors)),
                DitConfigs.withDropout(c.with(DitConfigs.asDiffusers(c.variant())), dropout),
                Layout.DIFFUSERS,
                origin);
    }

    /// Returns the checkpoint in the layout of the original code.
    ///
    /// @param from its tensors under the names of [Dit]; taken over
    /// @throws CheckpointException when its tensors are read, if the embeddings of the blocks are
    ///   not all the same, since the original network has one for all
    public static DitCheckpoint original(DitCheckpoint from) {
        Dit.Config c = from.config();
        if (!c.variant().perBlockEmbedders()) {
            return described(from.tensors(), c, Layout.ORIGINAL, from.tensors().metadata());
        }
        Map<String, String> metadata = from.tensors().metadata();
        Dit.Config target = c.with(DitConfigs.asOriginal(c.variant()));
        String origin = metadata.get(ORIGIN);
        if (origin != null) {
            target = config(origin, from.tensors().file());
        }
        StateDict shared = toEveryBlock(c.depth()).inverse().apply(from.tensors());
        StateDict tensors = withoutNoClass(shared, target);
        StateDict whole = tensors.with(POSITIONS, positions(from, target, metadata));
        return described(whole, target, Layout.ORIGINAL, Map.of());
    }

    /// Puts the configuration among the texts of the file, so that the file stands for itself.
    private static DitCheckpoint described(
            StateDict tensors, Dit.Config config, Layout layout, Map<String, String> texts) {
        Map<String, String> all = new LinkedHashMap<>(texts);
        all.put(CONFIG, text(config));
        return new DitCheckpoint(tensors.withMetadata(all), config, layout);
    }

    private static String text(Dit.Config config) {
        return JsonFile.mapper().valueToTree(DitConfigs.json(config)).toString();
    }

    /// Reads a configuration among the texts of a file.
    static Dit.Config config(String json, Path file) {
        try {
            return DitConfigs.parse(JsonFile.mapper().readTree(json), file);
        } catch (JacksonException e) {
            throw new CheckpointException(file + ": the configuration in it is not JSON", e);
        }
    }

    private static void requireExpressible(Dit.Config c) {
        Dit.Variant v = c.variant();
        boolean known =
                v.block() == BlockType.ADALN_ZERO
                        && !v.qkNorm()
                        && !v.dropSigma()
                        && c.mlpRatio() == 4;
        ConfigException.require(
                known,
                "diffusers has no such network: it needs adaLN-Zero blocks without QK-norm, an MLP"
                        + " ratio of 4, and no SiT");
    }

    /// Returns whether the tables of classes have a row for "no class".
    public static boolean hasNoClass(Dit.Config c) {
        return c.classDropoutProb() > 0;
    }

    private static StateDict withNoClass(StateDict dict, Dit.Config c) {
        return hasNoClass(c)
                ? dict
                : withTables(
                        dict,
                        table ->
                                Ops.cat(
                                        0,
                                        table,
                                        Tensors.zeros(Dtype.of(table), 1, table.size(1))));
    }

    private static StateDict withoutNoClass(StateDict dict, Dit.Config c) {
        return hasNoClass(c) ? dict : withTables(dict, table -> table.narrow(0, 0, c.numClasses()));
    }

    private static StateDict withTables(StateDict dict, UnaryOperator<Tensor> change) {
        StateDict changed = dict;
        for (String name : dict.names().stream().filter(n -> n.endsWith(TABLE)).toList()) {
            Tensor table = change.apply(changed.tensor(name));
            changed = changed.without(name).with(name, table);
        }
        return changed;
    }

    private static StateDict withoutPositions(StateDict dict) {
        return dict.without(POSITIONS);
    }

    private static void keepPositions(DitCheckpoint from, Map<String, String> metadata) {
        if (from.tensors().has(POSITIONS)) {
            Tensor stored = from.tensors().tensor(POSITIONS);
            Tensor computed = Ops.to(table(from.config()), Dtype.of(stored));
            byte[] bytes = bytes(stored);
            if (!Arrays.equals(bytes, bytes(computed))) {
                metadata.put(
                        "dit4j." + POSITIONS,
                        Dtype.of(stored).name() + ":" + Base64.getEncoder().encodeToString(bytes));
            }
        }
    }

    private static Tensor table(Dit.Config config) {
        int grid = config.inputSize() / config.patchSize();
        return DitEmbedding.table(config, grid, grid);
    }

    private static byte[] bytes(Tensor x) {
        return Tensors.data(x.contiguous()).toArray(ValueLayout.JAVA_BYTE);
    }

    /// Returns the kept table, or the computed one, in the type of the weights.
    private static Tensor positions(
            DitCheckpoint from, Dit.Config config, Map<String, String> metadata) {
        Tensor computed = table(config);
        Dtype weights = from.tensors().entry("x_embedder.proj.weight").dtype();
        String kept = metadata.get("dit4j." + POSITIONS);
        if (kept == null) {
            return Ops.to(computed, weights);
        }
        try {
            Dtype dtype = Dtype.valueOf(kept.substring(0, Math.max(0, kept.indexOf(':'))));
            byte[] bytes = Base64.getDecoder().decode(kept.substring(kept.indexOf(':') + 1));
            return Ops.to(
                    Tensors.copyOf(MemorySegment.ofArray(bytes), dtype, Shapes.of(computed)),
                    weights);
        } catch (RuntimeException e) {
            throw new CheckpointException(
                    from.tensors().file() + ": the kept table of positions is damaged", e);
        }
    }
}
