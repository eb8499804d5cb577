package org.dit4j.text;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.Activation;
import tools.jackson.databind.JsonNode;

/// The `config.json` of text encoders, as `save_pretrained` of transformers writes it.
///
/// Sizes must be there; for options that older files lack, the defaults of transformers hold. Keys
/// of training, generation and bookkeeping are passed over, any other is an error.
public final class TextConfigs {
    /// Keys that change nothing of an encoder's states.
    private static final String[] IGNORED = {
        "_name_or_path",
        "add_cross_attention",
        "architectures",
        "attention_dropout",
        "attention_probs_dropout_prob",
        "bos_token_id",
        "chunk_size_feed_forward",
        "classifier_dropout",
        "cross_attention_hidden_size",
        "decoder_start_token_id",
        "directionality",
        "dropout",
        "dropout_rate",
        "dtype",
        "eos_token_id",
        "exponential_decay",
        "final_logit_softcapping",
        "gradient_checkpointing",
        "hidden_dropout_prob",
        "id2label",
        "initializer_factor",
        "initializer_range",
        "is_encoder_decoder",
        "label2id",
        "num_decoder_layers",
        "n_positions",
        "output_attentions",
        "output_hidden_states",
        "output_past",
        "pad_token_id",
        "pooler_fc_size",
        "pooler_num_attention_heads",
        "pooler_num_fc_layers",
        "pooler_size_per_head",
        "pooler_type",
        "pretraining_tp",
        "problem_type",
        "pruned_heads",
        "return_dict",
        "scale_decoder_outputs",
        "task_specific_params",
        "tie_word_embeddings",
        "tokenizer_class",
        "torch_dtype",
        "torchscript",
        "transformers_version",
        "use_bfloat16",
        "use_cache"
    };

    private TextConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static TokenEncoder.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static TokenEncoder.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        ignoreBookkeeping(fields);
        String type = fields.text("model_type");
        TokenEncoder.Config config =
                switch (type) {
                    case "bert" -> bert(fields);
                    case "clip_text_model" -> clip(fields);
                    case "t5", "mt5" -> t5(fields, true);
                    case "umt5" -> t5(fields, false);
                    case "gemma" -> CausalConfigs.gemma(fields);
                    case "gemma2" -> CausalConfigs.gemma2(fields);
                    case "llama" -> CausalConfigs.llama(fields);
                    case "qwen2" -> CausalConfigs.qwen2(fields);
                    default ->
                            throw new ConfigException(
                                    ("%s: model_type must be bert, clip_text_model, t5, mt5, umt5,"
                                                    + " gemma, gemma2, llama or qwen2 but is %s")
                                            .formatted(where, type));
                };
        fields.noOthers();
        return config;
    }

    /// Passes over keys of training, generation and bookkeeping.
    static void ignoreBookkeeping(JsonFields fields) {
        fields.ignore(IGNORED);
    }

    private static Bert.Config bert(JsonFields json) {
        json.require("position_embedding_type", "absolute");
        json.require("is_decoder", false);
        return new Bert.Config(
                json.integer("vocab_size"),
                json.integer("max_position_embeddings"),
                json.integer("type_vocab_size", 2),
                json.integer("hidden_size"),
                json.integer("num_hidden_layers"),
                json.integer("num_attention_heads"),
                json.integer("intermediate_size"),
                activation(json.text("hidden_act", "gelu")),
                json.number("layer_norm_eps", 1e-12),
                true);
    }

    private static ClipText.Config clip(JsonFields json) {
        // the end mark is no bookkeeping here: the first published files have a wrong one
        return new ClipText.Config(
                json.integer("vocab_size"),
                json.integer("max_position_embeddings"),
                json.integer("hidden_size"),
                json.integer("num_hidden_layers"),
                json.integer("num_attention_heads"),
                json.integer("intermediate_size"),
                activation(json.text("hidden_act", "quick_gelu")),
                json.number("layer_norm_eps", 1e-5),
                json.integer("eos_token_id", 49407),
                json.integer("projection_dim", 512));
    }

    private static T5Encoder.Config t5(JsonFields json, boolean sharedBias) {
        json.require("is_decoder", false);
        String feedForward = json.text("feed_forward_proj", sharedBias ? "relu" : "gated-gelu");
        boolean gated = feedForward.startsWith("gated-");
        String act = gated ? feedForward.substring("gated-".length()) : feedForward;
        // the gated form of the first files means the approximation
        String name = gated && act.equals("gelu") ? "gelu_new" : act;
        json.require("is_gated_act", gated);
        json.require("dense_act_fn", name);
        return new T5Encoder.Config(
                json.integer("vocab_size"),
                json.integer("d_model"),
                json.integer("num_layers"),
                json.integer("num_heads"),
                json.integer("d_kv"),
                json.integer("d_ff"),
                gated,
                activation(name),
                json.number("layer_norm_epsilon", 1e-6),
                new DistanceBuckets(
                        json.integer("relative_attention_num_buckets", 32),
                        json.integer("relative_attention_max_distance", 128)),
                sharedBias);
    }

    /// Returns the activation of that name in transformers (`activations.py`).
    static Activation activation(String name) {
        return switch (name) {
            case "gelu" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> Activation.GELU_TANH;
            case "quick_gelu" -> Activation.QUICK_GELU;
            case "relu" -> Activation.RELU;
            case "silu", "swish" -> Activation.SILU;
            default ->
                    throw new ConfigException(
                            "the activation must be gelu, gelu_new, gelu_pytorch_tanh, quick_gelu,"
                                    + " relu or silu but is "
                                    + name);
        };
    }
}
