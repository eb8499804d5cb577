package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifierTaskTest {
    private static final int SIZE = 16;

    @TempDir Path folder;

    /// Stripes down and stripes across, of many colours: 24 pictures each.
    private Path stripes() {
        Path data = folder.resolve("data");
        for (int i = 0; i < 24; i++) {
            write(data.resolve("across").resolve(i + ".png"), i, false);
            write(data.resolve("down").resolve(i + ".png"), i, true);
        }
        return data;
    }

    private static void write(Path file, int seed, boolean down) {
        var rgb = new byte[3 * SIZE * SIZE];
        for (int i = 0; i < rgb.length; i++) {
            int pixel = i / 3;
            int along = down ? pixel % SIZE : pixel / SIZE;
            rgb[i] = (byte) (along / 2 % 2 == 0 ? 40 + 31 * seed * (i % 3 + 1) : 220);
        }
        PictureFile.write(file, Picture.of(SIZE, SIZE, rgb));
    }

    private static RunConfig.ClassifierRun run(Path data, double holdOut) {
        var options =
                new TrainerOptions(
                        1,
                        30,
                        8,
                        1,
                        Optimizer.Kind.ADAMW,
                        3e-3,
                        LearningRate.CONSTANT,
                        0,
                        0.9,
                        0.99,
                        1e-8,
                        0,
                        1,
                        0.5,
                        false,
                        10,
                        30,
                        30);
        var pictures = new RunConfig.Pictures(data.toString(), SIZE, true, holdOut, 0);
        return new RunConfig.ClassifierRun(options, pictures, 8, RunConfig.Precision.FP32);
    }

    @Test
    void learnsAndMeasuresItselfOnPicturesThatItNeverSaw() throws Exception {
        RunConfig.ClassifierRun run = run(stripes(), 0.25);
        Path out = folder.resolve("run");
        try (var task = ClassifierTask.open(run, Device.CPU, TrainingListener.silent());
                var trainer =
                        new Trainer(task, run.trainer(), out, "x", TrainingListener.silent())) {
            assertThat(task.size()).isEqualTo(36);
            trainer.run();
            assertThat(task.measure()).containsEntry("held_out_accuracy", 1.0);
        }
        assertThat(Files.readString(out.resolve("metrics.jsonl")))
                .contains("\"accuracy\":")
                .contains("{\"step\":30,\"held_out_accuracy\":1.0}");
        assertThat(out.resolve("samples").resolve("step-00000030.png")).isRegularFile();
        try (var classifier = PictureClassifier.load(out.resolve("model"))) {
            assertThat(classifier.config().classes()).containsExactly("across", "down");
        }
    }

    @Test
    void sameSeedGivesTheSameLoss() {
        RunConfig.ClassifierRun run = run(stripes(), 0);
        assertThat(firstLoss(run)).isEqualTo(firstLoss(run));
    }

    private static double firstLoss(RunConfig.ClassifierRun run) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5);
                var task = ClassifierTask.open(run, Device.CPU, TrainingListener.silent())) {
            assertThat(task.measure()).isEmpty();
            return task.backward(new int[] {0, 30, 47}, rng, 1).terms().get("loss");
        }
    }

    @Test
    void picturesWithoutClassesAreOneClearLine() {
        Path plain = folder.resolve("plain");
        write(plain.resolve("a.png"), 1, true);
        assertThatThrownBy(() ->
                        ClassifierTask.open(run(plain, 0), Device.CPU, TrainingListener.silent()))
                .isInstanceOf(ConfigException.class)
                .hasMessage(plain + ": a classifier needs pictures of at least two classes");
    }
}
