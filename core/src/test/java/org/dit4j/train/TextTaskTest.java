package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderConfigs;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Guide;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextTaskTest {
    private static final String VAE =
            """
            {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8], "layers_per_block": 1,
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
             "norm_num_groups": 4, "latent_channels": 4, "sample_size": 16}
            """;
    private static final String RUN =
            """
            {"task": "text-to-image",
             "trainer": {"seed": 3, "steps": STEPS, "batch_size": 4, "accumulation": 1,
               "optimizer": "muon", "learning_rate": 1e-2, "schedule": "constant", "warmup_steps": 0, "beta1": 0.9,
               "beta2": 0.99, "eps": 1e-8, "weight_decay": 0, "clip_norm": 1, "ema_decay": 0.5,
               "ema_warmup": true, "log_every": 2, "save_every": 100, "sample_every": 0},
             "data": {"folder": "DATA", "size": 16, "flip": false, "hold_out": 0, "balance": 0},
             "buckets": [{"width": 24, "height": 8, "share": 0.4}],
             "captions": {"per_language": 2, "dropout": 0.2},
             "autoencoder": "VAE", "latent_cache": "CACHE", "init": "",
             "model": MODEL,
             "objective": {"process": "flow", "path": "linear", "prediction": "velocity",
               "time": "logit_normal"},
             "precision": "fp32",
             "samples": {"prompts": ["a dark square", "亮的"], "per_prompt": 2, "sampler": "",
               "steps": 2, "guidance": 2}}
            """;

    private static final String HUNYUAN_DIT =
            """
            {"family": "hunyuan-dit", "patch_size": 2, "hidden_size": 16, "depth": 2,
             "num_heads": 2, "mlp_ratio": 2, "learn_sigma": false, "text_states_dim": 512,
             "text_len": 12, "text_states_dim_t5": 384, "text_len_t5": 12, "pooled_width": 16,
             "pooled": "first", "size_and_style": false, "position_base": 4,
             "position_spacing": "even"}
            """;
    private static final String MM_DIT =
            """
            {"family": "mm-dit", "patch_size": 2, "out_channels": 4, "hidden_size": 16, "depth": 2,
             "num_heads": 2, "text_width": 512, "pooled_width": 896, "max_positions": 0,
             "position_base": 4, "qk_norm": "rms", "dual_attention_layers": [], "text_len": 12}
            """;

    @TempDir private static Path temporary;

    @BeforeAll
    static void makePicturesAndAutoencoder() throws IOException {
        var lines = new ArrayList<String>();
        for (int i = 0; i < 10; i++) {
            boolean dark = i % 2 == 0;
            var rgb = new byte[16 * 16 * 3];
            java.util.Arrays.fill(rgb, (byte) (dark ? 20 + i : 180 + i));
            PictureFile.write(
                    temporary.resolve("data").resolve(i + ".png"), Picture.of(16, 16, rgb));
            lines.add(
                    "{\"file_name\": \"%d.png\", \"captions\": {\"en\": [\"%s\"], \"zh\": [\"%s\"]}}"
                            .formatted(
                                    i,
                                    dark ? "a dark square" : "a light square",
                                    dark ? "暗的" : "亮的"));
        }
        Files.write(temporary.resolve("data/metadata.jsonl"), lines);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            var config = AutoencoderConfigs.parseKl(JsonFile.mapper().readTree(VAE), "vae");
            try (var vae = AutoencoderKl.initialise(config, rng)) {
                AutoencoderKl.save(temporary.resolve("vae"), config, vae.parameters().all());
            }
        }
    }

    private static Path train(int steps, String name, boolean resume, String data, String model)
            throws IOException {
        Path folder = temporary.resolve(name);
        Path config = temporary.resolve(name + ".json");
        Files.writeString(
                config,
                RUN.replace("STEPS", Integer.toString(steps))
                        .replace("MODEL", model)
                        .replace("DATA", temporary.resolve(data).toString())
                        .replace("VAE", temporary.resolve("vae").toString())
                        .replace("CACHE", temporary.resolve("cache").toString()));
        try (var run = TrainingRun.open(config, folder, resume, TrainingListener.silent())) {
            assertThat(run.run()).isEqualTo(steps);
        }
        return folder;
    }

    @ParameterizedTest
    @ValueSource(strings = {HUNYUAN_DIT, MM_DIT})
    void aResumedRunEqualsAWholeOneAndItsModelFollowsTheRequest(String model) throws IOException {
        String name = model.equals(MM_DIT) ? "mm-dit-" : "hunyuan-dit-";
        Path whole = train(6, name + "whole", false, "data", model);
        train(3, name + "parts", false, "data", model);
        Path parts = train(6, name + "parts", true, "data", model);
        String weights = "model/transformer/diffusion_pytorch_model.safetensors";
        assertThat(parts.resolve(weights)).hasSameBinaryContentAs(whole.resolve(weights));

        var request = GenerationRequest.of("a dark square", "亮的").withSeed(4);
        try (var pipeline = Pipelines.load(whole.resolve("model"))) {
            List<Picture> pictures = pipeline.generate(request);
            assertThat(pictures).hasSize(2);
            assertThat(pipeline.generate(request)).isEqualTo(pictures);
            assertThat(pipeline.generate(request.withGuide(Guide.DEFAULT.withNegative("亮"))))
                    .isNotEqualTo(pictures);
            // two steps of Heun ask for the times 0, 0.5 and 1
            assertThat(pipeline.generate(request.withGuide(Guide.DEFAULT.during(0.2, 0.3))))
                    .isEqualTo(pipeline.generate(request.withGuidance(1)));
            assertThat(pipeline.generate(request.withSize(8, 24)).getFirst().height())
                    .isEqualTo(24);
            assertThat(remarks(pipeline, request)).isEmpty();
            assertThat(remarks(pipeline, GenerationRequest.of("红".repeat(400))))
                    .hasSize(2)
                    .allMatch(r -> r.contains("256"));
            var mixed = GenerationRequest.of("a dark square", "暗的".repeat(40)).withSeed(4);
            assertThat(pipeline.generate(mixed)).hasSize(2).isNotEqualTo(pictures);
            assertThat(pipeline.generate(mixed).getFirst()).isEqualTo(pictures.getFirst());
            var uneven = GenerationRequest.of("an extraordinarily unbelievable multicoloured 猫");
            assertThat(pipeline.generate(uneven)).hasSize(1);
        }
    }

    @Test
    void picturesWithoutCaptionsAreAnError() throws IOException {
        Path bare = temporary.resolve("bare/one");
        PictureFile.write(bare.resolve("1.png"), Picture.of(16, 16, new byte[16 * 16 * 3]));
        assertThatThrownBy(() -> train(1, "none", false, "bare", MM_DIT))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("needs captions");
    }

    /// Returns what the pipeline remarks on a request, which is stopped after the first call.
    private static List<String> remarks(Pipeline pipeline, GenerationRequest request) {
        var lines = new ArrayList<String>();
        pipeline.generate(
                request,
                new Progress() {
                    @Override
                    public boolean proceed(SamplerState state, int calls) {
                        return false;
                    }

                    @Override
                    public void remark(String line) {
                        lines.add(line);
                    }
                });
        return lines;
    }
}
