package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
    private static final String TRAINER =
            """
            "trainer": {"seed": 3, "steps": STEPS, "batch_size": 4, "accumulation": 1,
              "optimizer": "adamw", "learning_rate": 1e-3, "schedule": "constant", "warmup_steps": 2, "beta1": 0.9,
              "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.01, "clip_norm": 1, "ema_decay": 0.9,
              "ema_warmup": true, "log_every": 2, "save_every": SAVE, "sample_every": 0},
            "data": {"folder": "DATA", "size": 16, "flip": true, "hold_out": 0.1, "balance": 0},
            "precision": "fp32",
            """;
    private static final String AUTOENCODER =
            """
            {"task": "autoencoder", TRAINER
             "model": {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8],
               "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
               "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
               "norm_num_groups": 4, "latent_channels": 4, "sample_size": 16},
             "loss": {"l1": 1, "l2": 0, "kl": 1e-4}}
            """;
    private static final String DIT =
            """
            {"task": "dit", TRAINER
             "autoencoder": "VAE", "latent_cache": "CACHE", "init": "",
             "model": {"patch_size": 2, "hidden_size": 16, "depth": 2, "num_heads": 2,
               "class_dropout_prob": 0.2, "learn_sigma": false},
             "objective": OBJECTIVE,
             "activation_checkpointing": false,
             "samples": {"classes": ["dark", "light"], "per_class": 2, "sampler": "dpm++2m",
               "steps": 2, "guidance": 2}}
            """;
    private static final String GAUSSIAN =
            "{\"process\": \"gaussian\", \"noise_schedule\": \"linear\", \"target\": \"epsilon\", \"min_snr_gamma\": 5, \"time_shift\": 1}";

    @TempDir private static Path temporary;

    @BeforeAll
    static void makePicturesAndAutoencoder() throws IOException {
        var random = new Random(1);
        for (String name : List.of("dark", "light")) {
            for (int i = 0; i < 12; i++) {
                var rgb = new byte[16 * 16 * 3];
                int base = name.equals("dark") ? 20 : 180;
                for (int j = 0; j < rgb.length; j++) {
                    rgb[j] = (byte) (base + random.nextInt(50));
                }
                PictureFile.write(
                        temporary.resolve("data").resolve(name).resolve(i + ".png"),
                        Picture.of(16, 16, rgb));
            }
        }
        train(AUTOENCODER, 3, 10, "vae", false);
    }

    private static Path config(String text, int steps, int save, String run) throws IOException {
        Path file = temporary.resolve(run + ".json");
        Files.writeString(
                file,
                text.replace("TRAINER", TRAINER)
                        .replace("OBJECTIVE", GAUSSIAN)
                        .replace("STEPS", Integer.toString(steps))
                        .replace("SAVE", Integer.toString(save))
                        .replace("DATA", temporary.resolve("data").toString())
                        .replace("VAE", temporary.resolve("vae").resolve("model").toString())
                        .replace("CACHE", temporary.resolve("latents").toString()));
        return file;
    }

    private static Path train(String text, int steps, int save, String name, boolean resume)
            throws IOException {
        Path folder = temporary.resolve(name);
        Path config = config(text, steps, save, name);
        try (var run = TrainingRun.open(config, folder, resume, TrainingListener.silent())) {
            assertThat(run.run()).isEqualTo(steps);
        }
        return folder;
    }

    @Test
    void trainingTwiceAsLongEqualsTrainingAndResuming() throws IOException {
        Path whole = train(DIT, 8, 100, "whole", false);
        train(DIT, 4, 3, "parts", false);
        // what was written after step 3 is lost, as if the process had been killed
        Files.delete(temporary.resolve("parts/checkpoints/step-00000004.safetensors"));
        Path parts = train(DIT, 8, 100, "parts", true);

        for (String file :
                List.of(
                        "checkpoints/step-00000008.safetensors",
                        "model/transformer/diffusion_pytorch_model.safetensors",
                        "metrics.jsonl")) {
            if (file.endsWith("jsonl")) {
                assertThat(withoutSpeed(parts.resolve(file)))
                        .isEqualTo(withoutSpeed(whole.resolve(file)));
            } else {
                assertThat(parts.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
            }
        }
    }

    /// The line of step 4 covers what came after the resumed checkpoint only.
    private static List<String> withoutSpeed(Path metrics) throws IOException {
        return Files.readAllLines(metrics).stream()
                .filter(line -> !line.startsWith("{\"step\":4,"))
                .map(line -> line.replaceFirst(",\"examples_per_second\":[^,}]*", ""))
                .toList();
    }

    @Test
    void theModelOfARunIsAPipeline() throws IOException {
        Path run = train(DIT, 2, 100, "pipeline", false);
        try (var pipeline = (DitPipeline) Pipelines.load(run.resolve("model"))) {
            assertThat(pipeline.classes().names()).containsExactly("dark", "light");
            assertThat(pipeline.generate(GenerationRequest.ofClasses("light").withCount(2)))
                    .hasSize(2);
        }
    }

    @Test
    void theOriginalCodesCheckpointHoldsTheSameWeights() throws IOException {
        Path model = train(DIT, 2, 100, "original", false).resolve("model");
        try (var _ = TensorScope.open();
                var pt = StateDict.open(model.resolve("dit.pt"));
                var own = StateDict.open(model.resolve("transformer"))) {
            assertThat(pt.names()).isEqualTo(own.names()).contains("blocks.1.attn.qkv.weight");
            for (String name : pt.names()) {
                assertThat(Ops.maxAbsDifference(pt.tensor(name), own.tensor(name)))
                        .as(name)
                        .isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear", "gvp", "vp"})
    void flowMatchingTrains(String path) throws IOException {
        String flow =
                "{\"process\": \"flow\", \"path\": \"%s\", \"prediction\": \"velocity\", \"time\": \"logit_normal\"}"
                        .formatted(path);
        Path run = temporary.resolve("flow-" + path);
        String text = DIT.replace("OBJECTIVE", flow).replace("dpm++2m", "heun");
        Path config = config(text, 3, 10, "flow-" + path);
        try (var training = TrainingRun.open(config, run, false, TrainingListener.silent())) {
            assertThat(training.run()).isEqualTo(3);
        }
        try (var pipeline = (DitPipeline) Pipelines.load(run.resolve("model"))) {
            assertThat(pipeline.generate(GenerationRequest.ofClasses("dark"))).hasSize(1);
        }
    }

    @Test
    void latentsAreEncodedOnce() throws IOException {
        train(DIT, 1, 10, "first", false);
        List<Path> before = latents();
        train(DIT, 1, 10, "second", false);
        assertThat(latents()).isEqualTo(before).hasSize(1);
    }

    private static List<Path> latents() throws IOException {
        try (var files = Files.list(temporary.resolve("latents"))) {
            return files.toList();
        }
    }

    @Test
    void aFolderThatHoldsARunIsNotOverwritten() throws IOException {
        train(DIT, 1, 10, "taken", false);
        assertThatThrownBy(() -> train(DIT, 1, 10, "taken", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--resume");
    }

    @Test
    void anotherConfigurationIsNotResumed() throws IOException {
        train(DIT, 1, 10, "changed", false);
        assertThatThrownBy(() -> train(DIT.replace("0.2", "0.3"), 2, 10, "changed", true))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining("another configuration");
    }

    @Test
    void oneProcessTrainsInAFolder() throws IOException {
        Path folder = temporary.resolve("locked");
        Path config = config(DIT, 1, 10, "locked");
        try (var _ = TrainingRun.open(config, folder, false, TrainingListener.silent())) {
            assertThatThrownBy(
                            () -> TrainingRun.open(config, folder, true, TrainingListener.silent()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("another process");
        }
    }

    @Test
    void wrongConfigurationsNameTheKey() throws IOException {
        String unknown = DIT.replace("\"init\": \"\"", "\"init\": \"\", \"colour\": 1");
        assertThatThrownBy(() -> train(unknown, 1, 10, "unknown", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("colour");
        String missing = DIT.replace("\"init\": \"\",", "");
        assertThatThrownBy(() -> train(missing, 1, 10, "missing", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("init");
        String zebra = DIT.replace("[\"dark\"", "[\"zebra\"");
        assertThatThrownBy(() -> train(zebra, 1, 10, "zebra", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("zebra");
        assertThat(temporary.resolve("zebra").resolve("checkpoints")).doesNotExist();
    }
}
