package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.app.language.StandInServer;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.data.PictureFile;
import org.dit4j.diffusion.Target;
import org.dit4j.model.HunyuanDit;
import org.dit4j.pipeline.BilingualHunyuanDit;
import org.dit4j.pipeline.BilingualPrompts;
import org.dit4j.pipeline.DiffusionProcess;
import org.dit4j.pipeline.GenerationDefaults;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.TextToImagePipeline;
import org.dit4j.tensor.Rng;
import org.dit4j.text.FrozenEncoders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With a network of random weights: what is drawn, not how well.
class EnhanceTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final StandInServer server = new StandInServer();

    @TempDir Path folder;

    @AfterEach
    void stop() {
        server.close();
    }

    private Path model() {
        var text = new HunyuanDit.Text(512, 16, 384, 16, 16, HunyuanDit.Pooled.SECOND);
        var config =
                new HunyuanDit.Config(
                        8,
                        2,
                        4,
                        16,
                        2,
                        2,
                        2,
                        false,
                        text,
                        false,
                        4,
                        org.dit4j.nn.GridRegion.Spacing.EVEN);
        try (var rng = Rng.seeded(2)) {
            var parts =
                    new TextToImagePipeline.Parts(
                            new BilingualPrompts(
                                    new BilingualHunyuanDit(HunyuanDit.initialise(config, rng)),
                                    new FrozenEncoders(BilingualPrompts.ENCODERS)),
                            AutoencoderKl.initialise(
                                    AutoencoderKl.Config.of(
                                            List.of(8, 8),
                                            1,
                                            4,
                                            4,
                                            false,
                                            16,
                                            LatentScale.of(1, 0)),
                                    rng),
                            DiffusionProcess.gaussian("linear", Target.EPSILON));
            try (var pipeline =
                    new TextToImagePipeline(parts, new GenerationDefaults("ddim", 2, 1))) {
                Pipelines.save(pipeline, folder.resolve("model"));
            }
        }
        return folder.resolve("model");
    }

    @Test
    void theRewrittenPromptIsDrawnAndBothStandInThePng() {
        server.answering(_ -> "\"一颗红色的心（水彩）, a (soft) light\"");
        Path png = folder.resolve("heart.png");
        assertThat(run(model(), "一颗红色的心", "--enhance", png)).as(err.toString()).isZero();
        var text = PictureFile.text(png);
        assertThat(text)
                .containsEntry("prompt", "一颗红色的心（水彩）, a \\(soft\\) light")
                .containsEntry("original_prompt", "一颗红色的心");
        assertThat(text.toString()).doesNotContain("127.0.0.1");
        assertThat(err.toString()).startsWith("prompt: 一颗红色的心（水彩）, a \\(soft\\) light");
        assertThat(server.asked.getFirst().message("user")).isEqualTo("一颗红色的心");
        assertThat(server.asked.getFirst().message("system")).startsWith("你为一个");
    }

    @Test
    void wrongUseIsSaidBeforeTheModelIsAsked() {
        Path png = folder.resolve("a.png");
        assertThat(run(folder, "a (red:1.3) heart", "--enhance", png)).isEqualTo(1);
        assertThat(err.toString()).contains("a prompt with weights cannot be rewritten");
        assertThat(run(folder, "a heart", "--seed=1", png)).isEqualTo(2);
        assertThat(err.toString()).contains("--llm is for --enhance");
        Path emoji = Path.of("..", "models", "emoji");
        assertThat(run(emoji, "cat faces", "--enhance", png)).isEqualTo(1);
        assertThat(err.toString()).contains("takes the names of classes");
        assertThat(
                        Dit4j.run(
                                new PrintWriter(out),
                                new PrintWriter(err, true),
                                "generate",
                                "a heart",
                                "--enhance",
                                "-o",
                                png.toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--enhance needs --llm URL and --llm-model NAME");
        assertThat(server.asked).isEmpty();
        assertThat(Files.exists(png)).isFalse();
    }

    private int run(Path model, String prompt, String option, Path png) {
        return Dit4j.run(
                new PrintWriter(out),
                new PrintWriter(err, true),
                "generate",
                prompt,
                option,
                "--model",
                model.toString(),
                "--llm",
                server.ollama(),
                "--llm-model",
                "toy",
                "-o",
                png.toString());
    }
}
