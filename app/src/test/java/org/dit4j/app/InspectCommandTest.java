package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.conformance.SeededWeights;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class InspectCommandTest {
    private static final Path CASES = Path.of("../conformance/cases");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    @Test
    void aTrainingCheckpointShowsItsFamilyAndLayers() {
        Path file = CASES.resolve("models/dit/train-checkpoint/checkpoint.pt");
        assertThat(run("inspect", file.toString())).isZero();
        assertThat(out.toString().lines().map(String::strip))
                .contains(
                        "family                   DiT",
                        "depth                  2",
                        "args.model             DiT-S/2",
                        "parameters               31,136 (30,752 trained)",
                        "float32                31,136 in 32 tensors, 0.12 MiB")
                .anyMatch(l ->
                        l.matches(
                                "blocks\\.\\{0\\.\\.1}\\.attn\\.qkv +2 +3,600 .*weight \\[72, 24], bias \\[72]"));
    }

    @Test
    void jsonHasEveryTensor() {
        Path file = CASES.resolve("models/dit-diffusers/square-p2-sigma");
        assertThat(run("inspect", file.toString(), "--json")).isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.path("family").asString()).isEqualTo("DiT (diffusers)");
        assertThat(json.path("config").path("num_layers").asInt()).isEqualTo(2);
        assertThat(json.path("dtypes").path("float32").path("tensors").asInt()).isEqualTo(44);
        assertThat(json.path("parameters").asLong()).isEqualTo(121_904);
        assertThat(json.path("tensors").size()).isEqualTo(44);
        assertThat(json.path("tensors").path("proj_out_1.weight").path("shape").toString())
                .isEqualTo("[96,48]");
    }

    @Test
    void aPictureShowsWhatWasAskedFor() {
        Path file = folder.resolve("cat.png");
        PictureFile.write(file, Picture.of(2, 1, new byte[6]), Map.of("class", "猫脸", "seed", "7"));
        assertThat(run("inspect", file.toString())).isZero();
        assertThat(out.toString().lines().map(String::strip))
                .contains(
                        "size                     2x1",
                        "class                  猫脸",
                        "seed                   7");
    }

    @Test
    void aHunyuanDitShowsItsConfiguration() {
        Path file = drawn("models/hunyuan-dit/v1.2");
        assertThat(run("inspect", file.toString(), "--json")).isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.path("family").asString()).isEqualTo("Hunyuan-DiT (diffusers)");
        assertThat(json.path("trained_parameters").asLong())
                .isEqualTo(json.path("parameters").asLong());
    }

    /// A model whose weights are drawn from a seed.
    private Path drawn(String name) {
        SeededWeights.expand(CASES.resolve(name), folder);
        return folder;
    }

    @ParameterizedTest
    @CsvSource({
        "flag-dit/t2i,Flag-DiT,cap_feat_dim",
        "next-dit/t2i,Next-DiT,own_text_queries",
        "flux/sharded,FLUX.1 (diffusers),guidance_embed",
        "lumina2/tiny,Lumina 2 (diffusers),axes_dims",
        "pixart/alpha-micro,PixArt (diffusers),micro_condition",
        "cogvideox/1.5-rotary-ofs,CogVideoX (diffusers),ofs_embed_dim",
        "latte/t2v,'Latte, text-conditional (diffusers)',video_length",
        "wan/i2v,Wan (diffusers),image_dim"
    })
    void networksShowTheirConfiguration(String name, String family, String key) {
        assertThat(run("inspect", drawn("models/" + name).toString(), "--json")).isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.path("family").asString()).isEqualTo(family);
        assertThat(json.path("config").has(key)).isTrue();
        assertThat(json.path("trained_parameters").asLong())
                .isEqualTo(json.path("parameters").asLong());
    }

    @Test
    void anMmDitShowsItsConfigurationAndCountsNoPositions() {
        Path file = drawn("models/sd3/3.5-medium");
        assertThat(run("inspect", file.toString(), "--json")).isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.path("family").asString()).isEqualTo("MM-DiT (diffusers)");
        assertThat(json.path("config").path("qk_norm").asString()).isEqualTo("rms");
        assertThat(json.path("parameters").asLong() - json.path("trained_parameters").asLong())
                .isEqualTo(10 * 10 * 32);
    }

    @Test
    void anotherFamilyIsNamedByItsConfiguration() {
        assertThat(run("inspect", CASES.resolve("vae/kl_sd").toString())).isZero();
        assertThat(out.toString()).contains("AutoencoderKL", "decoder.conv_in", "latent_channels");
    }

    @Test
    void aPipelineShowsItsParts() throws IOException {
        copy(CASES.resolve("models/dit-diffusers/square-p2-sigma"), folder.resolve("transformer"));
        copy(CASES.resolve("vae/kl_sd"), folder.resolve("vae"));
        Files.createDirectories(folder.resolve("scheduler"));
        Files.writeString(
                folder.resolve("model_index.json"),
                """
                {"_class_name": "DiTPipeline", "scheduler": ["diffusers", "DDIMScheduler"],
                 "transformer": ["diffusers", "DiTTransformer2DModel"],
                 "vae": ["diffusers", "AutoencoderKL"]}
                """);
        assertThat(run("inspect", folder.toString())).isZero();
        assertThat(out.toString())
                .contains("[transformer]", "DiT (diffusers)", "[vae]", "AutoencoderKL")
                .contains("[scheduler]" + System.lineSeparator() + "no weights");
        assertThat(run("inspect", folder.toString(), "--json")).isZero();
    }

    @Test
    void badInputIsOneLine() throws IOException {
        byte[] whole =
                Files.readAllBytes(CASES.resolve("models/dit/train-checkpoint/checkpoint.pt"));
        fails("nothing.pt", "there is no file or folder");
        Files.write(folder.resolve("cut.pt"), Arrays.copyOf(whole, 3000));
        fails("cut.pt", "truncated");
        Files.write(
                folder.resolve("text.safetensors"),
                "hello, world".getBytes(StandardCharsets.UTF_8));
        fails("text.safetensors", "not a safetensors file");
        Files.write(folder.resolve("text.pt"), "hello".getBytes(StandardCharsets.UTF_8));
        fails("text.pt", "is not a file of torch.save");
        Files.createDirectories(folder.resolve("empty"));
        fails("empty", "no checkpoint here");
        Files.writeString(folder.resolve("a.onnx"), "");
        fails("a.onnx", "a checkpoint ends in .safetensors");
    }

    private void fails(String name, String message) {
        err.getBuffer().setLength(0);
        assertThat(run("inspect", folder.resolve(name).toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message, name);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private int run(String... args) {
        return Dit4j.run(new PrintWriter(out), new PrintWriter(err), args);
    }
}
