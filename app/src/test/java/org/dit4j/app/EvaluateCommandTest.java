package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.diffusion.Target;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.model.Dit;
import org.dit4j.pipeline.ClassNames;
import org.dit4j.pipeline.DiffusionProcess;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationDefaults;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Rng;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// With networks of random weights: what is measured, not how good it is.
class EvaluateCommandTest {
    private static final List<String> CLASSES = List.of("circle", "square");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir private Path folder;

    @BeforeEach
    void writeDataAndClassifier() {
        for (int i = 0; i < 40; i++) {
            var rgb = new byte[3 * 16 * 16];
            for (int k = 0; k < rgb.length; k++) {
                rgb[k] = (byte) ((k * 2654435761L >>> 11) * (i + 1));
            }
            String name = "data/%s/%02d.png".formatted(CLASSES.get(i % 2), i);
            PictureFile.write(folder.resolve(name), Picture.of(16, 16, rgb));
        }
        try (var rng = Rng.seeded(1);
                var classifier =
                        PictureClassifier.initialise(
                                new PictureClassifier.Config(8, 16, CLASSES), rng)) {
            classifier.save(folder.resolve("classifier"));
        }
    }

    private void writeModel() {
        try (var rng = Rng.seeded(2)) {
            var network =
                    Dit.initialise(
                            new Dit.Config(
                                    8, 2, 4, 16, 1, 2, 2, 0.1, 2, false, Dit.Variant.ORIGINAL),
                            rng);
            var autoencoder =
                    AutoencoderKl.initialise(
                            AutoencoderKl.Config.of(
                                    List.of(8, 8), 1, 4, 4, false, 16, LatentScale.of(1, 0)),
                            rng);
            var parts =
                    new DitPipeline.Parts(
                            network,
                            autoencoder,
                            DiffusionProcess.gaussian("linear", Target.EPSILON),
                            new ClassNames(CLASSES));
            try (var pipeline = new DitPipeline(parts, new GenerationDefaults("ddim", 2, 1))) {
                Pipelines.save(pipeline, folder.resolve("model"));
            }
        }
    }

    @Test
    void aFolderComparedWithItself() {
        String data = at("data");
        assertThat(
                        run(
                                "evaluate",
                                "--pictures",
                                data,
                                "--data",
                                data,
                                "--features",
                                at("classifier"),
                                "--out",
                                at("report"),
                                "--json"))
                .as(err.toString())
                .isZero();
        JsonNode report = JsonFile.tree(folder.resolve("report/report.json"));
        assertThat(report.path("frechet_distance").asDouble()).isLessThan(1e-6);
        assertThat(report.path("precision").asDouble()).isEqualTo(1);
        assertThat(report.path("generated_pictures").asInt()).isEqualTo(40);
        assertThat(report.path("features").asString()).contains("not FID");
        assertThat(report.has("fid")).isFalse();
        assertThat(JsonFile.mapper().readTree(out.toString())).isEqualTo(report);
    }

    @Test
    void aModelIsMeasuredAndItsPicturesAreKept() throws Exception {
        writeModel();
        assertThat(
                        run(
                                "evaluate",
                                "--model",
                                at("model"),
                                "--data",
                                at("data"),
                                "--features",
                                at("classifier"),
                                "--count",
                                "9",
                                "--hold-out",
                                "0.2",
                                "--out",
                                at("report")))
                .as(err.toString())
                .isZero();
        JsonNode report = JsonFile.tree(folder.resolve("report/report.json"));
        assertThat(report.path("training_pictures").asInt()).isEqualTo(32);
        assertThat(report.path("held_out_pictures").asInt()).isEqualTo(8);
        assertThat(report.path("generated_pictures").asInt()).isEqualTo(9);
        assertThat(report.path("generated").path("frechet_distance").asDouble()).isPositive();
        assertThat(report.path("real_pictures_instead").has("precision")).isTrue();
        assertThat(report.path("classifier_accuracy_generated").asDouble()).isBetween(0.0, 1.0);
        assertThat(report.path("autoencoder_psnr_held_out").asDouble()).isBetween(0.0, 30.0);
        JsonNode pixels = report.path("nearest_training_picture_by_pixels");
        assertThat(pixels.path("median").asDouble()).isBetween(0.0, 1.0);
        assertThat(pixels.path("median_of_held_out").asDouble()).isBetween(0.0, 1.0);
        for (String file : List.of("grid", "nearest-by-features", "nearest-by-pixels")) {
            assertThat(folder.resolve("report").resolve(file + ".png")).isRegularFile();
        }
        try (var files = Files.list(folder.resolve("report/pictures/circle"))) {
            assertThat(files).hasSize(5);
        }
        assertThat(out.toString()).contains("generated.frechet_distance");
    }

    @Test
    void mistakesAreOneLine() {
        assertThat(run("evaluate", "--data", at("data"), "--out", at("report"))).isEqualTo(2);
        assertThat(
                        run(
                                "evaluate",
                                "--pictures",
                                at("nothing"),
                                "--data",
                                at("data"),
                                "--features",
                                at("classifier"),
                                "--out",
                                at("report")))
                .isEqualTo(1);
        assertThat(err.toString()).contains("dit4j: there is no folder " + at("nothing"));
    }

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    private int run(String... args) {
        return Dit4j.run(new PrintWriter(out), new PrintWriter(err), args);
    }
}
