package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.dit4j.conformance.SeededWeights;
import org.dit4j.data.Picture;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.EncodedTokens;
import org.dit4j.text.TextCheckpoint;
import org.dit4j.text.TextConfigs;
import org.dit4j.text.TokenEncoder;
import org.dit4j.text.Tokenizer;

/// A pipeline's folder with random parts: a Gemma 2, and a tokenizer that knows a few words and, as
/// Gemma's does, pads before the text.
///
/// @param path where it is
record TinyFolder(Path path) {
    static final int TEXT_WIDTH = 16;

    private static final Path CASES = Path.of("..", "conformance", "cases");

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
        copy(CASES.resolve("vae").resolve(name), "vae");
    }

    /// Copies the UMT5 of the reference data and its tokenizer; its states have 32 numbers.
    void umt5() throws IOException {
        Path wan = CASES.resolve("pipelines").resolve("wan");
        copy(wan.resolve("text_encoder"), "text_encoder");
        copy(wan.resolve("tokenizer"), "tokenizer");
    }

    /// Copies a folder of the reference data, without the files of its cases.
    ///
    /// @param name what the copy is called
    void model(String from, String name) throws IOException {
        copy(CASES.resolve("models").resolve(from), name);
    }

    private void copy(Path from, String name) throws IOException {
        Path to = path.resolve(name);
        SeededWeights.expand(from, to);
        try (Stream<Path> files = Files.list(to)) {
            for (Path file :
                    files.filter(f -> f.getFileName().toString().startsWith("io.")).toList()) {
                Files.delete(file);
            }
        }
    }

    void transformer(Map<String, Object> config, Parameters parameters) throws IOException {
        network("transformer", config, parameters);
    }

    /// Writes a network into a folder of its own.
    void network(String name, Map<String, Object> config, Parameters parameters)
            throws IOException {
        Path to = path.resolve(name);
        Files.createDirectories(to);
        JsonFile.write(to.resolve("config.json"), config);
        Safetensors.write(
                to.resolve("diffusion_pytorch_model.safetensors"), parameters.all(), Map.of());
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
        text("");
    }

    /// Writes a text encoder and its tokenizer.
    ///
    /// @param suffix what follows the names of their folders, such as `_2`
    void text(String suffix) throws IOException {
        var map = new LinkedHashMap<String, Object>();
        map.put("model_type", "gemma2");
        map.put("vocab_size", WORDS.size());
        map.put("hidden_size", TEXT_WIDTH);
        map.put("intermediate_size", 24);
        map.put("num_hidden_layers", 2);
        map.put("num_attention_heads", 2);
        map.put("num_key_value_heads", 1);
        map.put("head_dim", 8);
        Files.createDirectories(path.resolve("text_encoder" + suffix));
        JsonFile.write(path.resolve("text_encoder" + suffix).resolve("config.json"), map);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5)) {
            ParameterSource source = ParameterSource.initialising(rng);
            try (TokenEncoder _ =
                    TextConfigs.parse(JsonFile.mapper().valueToTree(map), "test").network(source)) {
                stir(source.parameters(), rng);
                Safetensors.write(
                        path.resolve("text_encoder" + suffix).resolve("model.safetensors"),
                        source.parameters().all(),
                        Map.of());
            }
        }
        tokenizer(suffix);
    }

    private void tokenizer(String suffix) throws IOException {
        var vocabulary = new LinkedHashMap<String, Long>();
        WORDS.forEach(w -> vocabulary.put(w, id(w)));
        String bos = "{\"id\": \"<bos>\", \"ids\": [2], \"tokens\": [\"<bos>\"]}";
        String start = "{\"SpecialToken\": {\"id\": \"<bos>\", \"type_id\": 0}}";
        String text = "{\"Sequence\": {\"id\": \"%s\", \"type_id\": 0}}";
        write(
                "tokenizer" + suffix + "/tokenizer.json",
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
                "tokenizer" + suffix + "/tokenizer_config.json",
                "{\"tokenizer_class\": \"GemmaTokenizer\", \"bos_token\": \"<bos>\","
                        + " \"pad_token\": \"<pad>\", \"unk_token\": \"<unk>\"}");
    }

    /// Encodes tokens with the encoder alone.
    EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers) {
        return encode("text_encoder", ids, mask, layers);
    }

    /// Encodes tokens with one of the encoders alone.
    ///
    /// @return the last states
    Tensor encode(String encoder, Tensor ids, Tensor mask) {
        return encode(encoder, ids, mask, Set.of()).last();
    }

    private EncodedTokens encode(String name, Tensor ids, Tensor mask, Set<Integer> layers) {
        try (TokenEncoder encoder =
                TextCheckpoint.open(path.resolve(name)).load(LoadOptions.inference())) {
            return encoder.encode(ids, mask, layers);
        }
    }

    /// Encodes one text of a folder with its encoder alone; padding is attended to.
    ///
    /// @return `[1, N, E]`
    static Tensor states(Path folder, String text, int length) {
        try (var tokenizer = Tokenizer.open(folder.resolve("tokenizer"))) {
            Tensor ids = tokenizer.encode(List.of(text), length).ids();
            Tensor all = Tensors.full(1, Dtype.INT64, 1, length);
            return new TinyFolder(folder).encode(ids, all, Set.of()).last();
        }
    }

    /// Fails unless pictures are the same but for the rounding of a value to 8 bits, and show
    /// something.
    static void requireSame(List<Picture> made, List<Picture> wanted) {
        assertThat(made).hasSameSizeAs(wanted);
        for (int i = 0; i < made.size(); i++) {
            Tensor x = Ops.to(made.get(i).tensor(), Dtype.FLOAT32);
            Tensor y = Ops.to(wanted.get(i).tensor(), Dtype.FLOAT32);
            assertThat(Ops.item(y.std())).as("contrast").isGreaterThan(5);
            assertThat(Ops.maxAbsDifference(x, y)).as("picture %d", i).isLessThanOrEqualTo(1);
        }
    }
}
