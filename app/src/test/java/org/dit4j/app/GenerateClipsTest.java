package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.dit4j.conformance.SeededWeights;
import org.dit4j.data.PictureFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerateClipsTest {
    private static final Path CASES = Path.of("../conformance/cases/pipelines");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    private int run(String model, String... more) {
        Path drawn = folder.resolve("models").resolve(model);
        SeededWeights.expand(CASES.resolve(model), drawn);
        var all = new ArrayList<>(List.of("generate", "--model", drawn.toString()));
        all.addAll(List.of("a cat", "--steps", "2"));
        all.addAll(List.of(more));
        return Dit4j.run(
                new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(String[]::new));
    }

    @Test
    void videosBecomeAnAnimation() throws IOException {
        Path file = folder.resolve("cat.gif");
        assertThat(
                        run(
                                "wan",
                                "--frames",
                                "6",
                                "--fps",
                                "10",
                                "--size",
                                "48x32",
                                "-o",
                                file.toString()))
                .isZero();
        assertThat(err.toString()).contains("5 frames instead of 6");
        try (var stream = ImageIO.createImageInputStream(file.toFile())) {
            var reader = ImageIO.getImageReaders(stream).next();
            reader.setInput(stream);
            assertThat(reader.getNumImages(true)).isEqualTo(5);
            assertThat(reader.getWidth(0)).isEqualTo(48);
        }
    }

    @ParameterizedTest
    @CsvSource({"cat.mp4, 4, ftypisom", "cat.webp, 8, WEBPVP8X"})
    void theNameSaysWhichFileAVideoBecomes(String name, int at, String magic) throws IOException {
        Path file = folder.resolve(name);
        assertThat(run("wan", "--frames", "5", "--size", "48x32", "-o", file.toString())).isZero();
        byte[] bytes = Files.readAllBytes(file);
        assertThat(new String(bytes, at, 8, StandardCharsets.US_ASCII)).isEqualTo(magic);
    }

    @Test
    void videosBecomeFoldersOfFrames() throws IOException {
        String size = "48x32";
        int status =
                run("wan", "--frames", "5", "--count", "2", "--size", size, "-o", folder + "/");
        assertThat(status).isZero();
        assertThat(out.toString()).contains("2 videos in ");
        Path second = folder.resolve("a-cat-0-0001");
        try (var frames = Files.list(second)) {
            assertThat(frames.map(f -> f.getFileName().toString()).sorted())
                    .containsExactly("0000.png", "0001.png", "0002.png", "0003.png", "0004.png");
        }
        assertThat(PictureFile.read(second.resolve("0004.png")).height()).isEqualTo(32);
    }

    @Test
    void soundsBecomeWavFiles() throws IOException {
        Path file = folder.resolve("birds.wav");
        assertThat(run("stable_audio", "--seconds", "2.5", "-o", file.toString())).isZero();
        // 40 frames of two channels of 16 bits behind a header of 44 bytes
        assertThat(Files.size(file)).isEqualTo(44 + 40 * 4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "wan|-o cat.png|this is a model of videos: -o must be a .mp4, .webp, .gif file or, for PNG files of the frames, a folder (ending in /), not cat.png",
                "stable_audio|-o cat.gif|this is a model of sounds: -o must be a .wav file or a folder (ending in /), not cat.gif",
                "dit|-o cat.wav|this is a model of pictures: -o must be a .png file or a folder (ending in /), not cat.wav",
                "stable_audio|-o cat.wav --count 2|2 sounds need a folder: end the name after -o in /",
                "stable_audio|-o cat.wav --fps 5|--fps is for videos, but this is a model of sounds",
                "wan|-o cat.gif --fps 60|--fps must be at most 50 for a .gif file but is 60.0",
                "wan|-o cat.gif --frames 0|--frames must be above 0 but is 0",
                "wan|-o cat.gif --image ../docs/images/emoji-zh-en.png|this model makes videos of prompts alone: it takes no first frame",
                "wan|-o cat.gif --image cat.png --strength 0.5|--strength and --mask are for pictures, but this is a model of videos, which begin with the --image",
                "wan|-o cat.gif --controlnet edges --control cat.png|--control is for pictures, but this is a model of videos",
                "dit|-o cat.png --image cat.png --last-image dog.png|--last-image is for videos, but this is a model of pictures",
                "wan|-o cat.gif --seconds 2|a model of videos takes frames, and no seconds of sound",
            })
    void whatDoesNotFitIsSaidInOneLine(String model, String options, String message) {
        assertThat(run(model, options.split(" ", -1))).isNotZero();
        assertThat(err.toString().lines().findFirst()).contains("dit4j: " + message);
    }
}
