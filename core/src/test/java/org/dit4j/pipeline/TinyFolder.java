package org.dit4j.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.text.EncodedTokens;
import org.dit4j.text.TextCheckpoint;
import org.dit4j.text.TextConfigs;
import org.dit4j.text.TokenEncoder;

/// A pipeline's folder with random parts: a Gemma 2, and a tokenizer that knows a few words and, as
/// Gemma's does, pads before the text.
///
/// @param path where it is
record TinyFolder(Path path) {
    static final int TEXT_WIDTH = 16;

    private static final Path AUTOENCODERS = Path.of("..", "conformance", "cases", "vae");

    private static final List<String> WORDS =
            List.of(
                    "<pad> <unk> <bos> a cat Cat dog draw this : red blue <Prompt Start>"
                            .split(" "));

    /// Returns the number of a word.
    static long id(String word) {
        return WORDS.indexOf(word);
    }

    /// Returns the numbers of words.
    static long[] ids(String words) {
        return Stream.of(words.split(" ")).mapToLong(TinyFolder::id).toArray();
    }

    void write(String file, String text) throws IOException {
        Path to = path.resolve(file);
        Files.createDirectories(to.getParent());
        Files.writeString(to, text);
    }

    void index(String className) throws IOException {
        write("model_index.json", "{\"_class_name\": \"%s\"}".formatted(className));
    }

    /// Copies an autoencoder of the reference data.
    void autoencoder(String name) throws IOException {
        Files.createDirectories(path.resolve("vae"));
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(AUTOENCODERS.resolve(name).resolve(file), path.resolve("vae").resolve(file));
        }
    }

    void transformer(Map<String, Object> config, Parameters parameters) throws IOException {
        Files.createDirectories(path.resolve("transformer"));
        JsonFile.write(path.resolve("transformer").resolve("config.json"), config);
        Safetensors.write(
                path.resolve("transformer").resolve("diffusion_pytorch_model.safetensors"),
                parameters.all(),
                Map.of());
    }

    /// Moves all parameters, so that no layer is zero.
    static void stir(Parameters parameters, Rng rng) {
        Ops.noGrad(() -> {
            parameters
                    .trained()
                    .values()
                    .forEach(w -> w.add_(Ops.mul(Ops.like(rng.normal(Shapes.of(w)), w), 0.2)));
            return 0;
        });
    }

    void text() throws IOException {
        var map = new LinkedHashMap<String, Object>();
        map.put("model_type", "gemma2");
        map.put("vocab_size", WORDS.size());
        map.put("hidden_size", TEXT_WIDTH);
        map.put("intermediate_size", 24);
        map.put("num_hidden_layers", 2);
        map.put("num_attention_heads", 2);
        map.put("num_key_value_heads", 1);
        map.put("head_dim", 8);
        Files.createDirectories(path.resolve("text_encoder"));
        JsonFile.write(path.resolve("text_encoder").resolve("config.json"), map);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5)) {
            ParameterSource source = ParameterSource.initialising(rng);
            try (TokenEncoder _ =
                    TextConfigs.parse(JsonFile.mapper().valueToTree(map), "test").network(source)) {
                stir(source.parameters(), rng);
                Safetensors.write(
                        path.resolve("text_encoder").resolve("model.safetensors"),
                        source.parameters().all(),
                        Map.of());
            }
        }
        tokenizer();
    }

    private void tokenizer() throws IOException {
        var vocabulary = new LinkedHashMap<String, Long>();
        WORDS.forEach(w -> vocabulary.put(w, id(w)));
        String bos = "{\"id\": \"<bos>\", \"ids\": [2], \"tokens\": [\"<bos>\"]}";
        String start = "{\"SpecialToken\": {\"id\": \"<bos>\", \"type_id\": 0}}";
        String text = "{\"Sequence\": {\"id\": \"%s\", \"type_id\": 0}}";
        write(
                "tokenizer/tokenizer.json",
                """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": {"type": "TemplateProcessing", "single": [%s, %s],
                  "pair": [%s, %s, %s], "special_tokens": {"<bos>": %s}},
                 "decoder": null,
                 "model": {"type": "WordLevel", "vocab": %s, "unk_token": "<unk>"}}
                """
                        .formatted(
                                start,
                                text.formatted("A"),
                                start,
                                text.formatted("A"),
                                text.formatted("B"),
                                bos,
                                JsonFile.mapper().writeValueAsString(vocabulary)));
        write(
                "tokenizer/tokenizer_config.json",
                "{\"tokenizer_class\": \"GemmaTokenizer\", \"bos_token\": \"<bos>\","
                        + " \"pad_token\": \"<pad>\", \"unk_token\": \"<unk>\"}");
    }

    /// Encodes tokens with the encoder alone.
    EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers) {
        try (TokenEncoder encoder =
                TextCheckpoint.open(path.resolve("text_encoder")).load(LoadOptions.inference())) {
            return encoder.encode(ids, mask, layers);
        }
    }
}
