package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.codec.FrameEncoder;
import org.dit4j.codec.FrameFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VideoFileTest {
    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(doubles = {8, 24, 24000 / 1001.0, 120})
    void anMp4PlaysWhatWasWritten(double rate) {
        Path file = folder.resolve("a.mp4");
        Video video = new Video(drifting(13, 64, 48), rate);
        VideoFile.MP4.write(file, video);
        DecodedVideo played = DecodedVideo.of(file);
        assertThat(played.codec()).isEqualTo("h264");
        assertThat(played.rate()).isEqualTo(rate, within(1e-3));
        assertThat(played.seconds()).isEqualTo(13 / rate, within(1e-3));
        assertThat(played.frames()).hasSize(13);
        for (int i = 0; i < 13; i++) {
            assertThat(DecodedVideo.psnr(video.frames().get(i), played.frames().get(i)))
                    .as("frame %d", i)
                    .isGreaterThan(38);
        }
    }

    @ParameterizedTest
    @CsvSource({"16,16,1", "80,18,2", "16,130,3", "854,480,2"})
    void anMp4HasTheSizeAndCount(int width, int height, int count) {
        Path file = folder.resolve("a.mp4");
        Video video = new Video(drifting(count, width, height), 16);
        VideoFile.MP4.write(file, video);
        DecodedVideo played = DecodedVideo.of(file);
        assertThat(played.frames()).hasSize(count);
        assertThat(played.frames().getLast().width()).isEqualTo(width);
        assertThat(played.frames().getLast().height()).isEqualTo(height);
        assertThat(DecodedVideo.psnr(video.frames().getLast(), played.frames().getLast()))
                .isGreaterThan(37);
    }

    @ParameterizedTest
    @CsvSource({"33,17,7,24", "64,48,5,8", "1,1,3,10", "20,20,1,10"})
    void aWebpIsWhatWasWritten(int width, int height, int count, double rate) throws IOException {
        Path file = folder.resolve("a.webp");
        Video video = new Video(drifting(count, width, height), rate);
        VideoFile.WEBP.write(file, video);
        WebpFrames shown = WebpFrames.of(file);
        assertThat(shown.frames()).isEqualTo(video.frames());
        if (count > 1) {
            assertThat(shown.rounds()).isZero();
            for (int i = 1; i < count; i++) {
                assertThat(shown.ends().get(i - 1)).isEqualTo(Math.round(1000 * i / rate));
            }
            // the last one is shown as long as the others on average
            assertThat(shown.ends().getLast())
                    .isCloseTo(Math.round(1000 * count / rate), within(1L));
        }
    }

    @ParameterizedTest
    @EnumSource(VideoFile.class)
    void theSameVideoGivesTheSameBytes(VideoFile kind) throws IOException {
        Video video = new Video(drifting(4, 32, 32), 10);
        Path a = folder.resolve("a" + kind.ending());
        Path b = folder.resolve("b" + kind.ending());
        kind.write(a, video);
        kind.write(b, video);
        assertThat(a).hasSameBinaryContentAs(b);
        assertThat(VideoFile.of(a.toString())).contains(kind);
    }

    @Test
    void whatAKindCannotHoldIsSaidInOneLine() {
        Video odd = new Video(drifting(1, 33, 32), 10);
        assertThatThrownBy(() -> VideoFile.MP4.write(folder.resolve("a.mp4"), odd))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "an MP4 has an even width and height, not 33 x 32: .webp or .gif takes any");
        Video small = new Video(drifting(1, 8, 32), 10);
        assertThatThrownBy(() -> VideoFile.MP4.write(folder.resolve("a.mp4"), small))
                .hasMessage(
                        "an MP4 has sides of at least 16 and at most 9437184 pixels, not 8 x 32");
        Video wide = new Video(drifting(1, 16_384, 1), 10);
        assertThatThrownBy(() -> VideoFile.WEBP.write(folder.resolve("a.webp"), wide))
                .hasMessage("a WebP has sides of at most 16383, not 16384 x 1");
        Video fast = new Video(drifting(1, 32, 32), 1000);
        assertThatThrownBy(() -> VideoFile.WEBP.write(folder.resolve("a.webp"), fast))
                .hasMessage("a WEBP shows 0.01 to 100 frames a second, not 1000.0");
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(VideoFile.class)
    void whereNothingCanBeWrittenNothingIsLeft(VideoFile kind) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "old");
        Video video = new Video(drifting(2, 32, 32), 10);
        assertThatThrownBy(() -> kind.write(file.resolve("a" + kind.ending()), video))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("cannot write " + file);
        assertThat(file).hasContent("old");
        assertThat(folder.toFile().list()).containsExactly("file");
    }

    @ParameterizedTest
    @EnumSource(FrameFormat.class)
    void aFullDiskIsSaidAsTheSystemSaysIt(FrameFormat format) throws IOException {
        Path full = Path.of("/dev/full");
        assumeThat(full).exists();
        List<byte[]> frames = drifting(30, 64, 64).stream().map(Picture::bytes).toList();
        try (var channel = FileChannel.open(full, StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> FrameEncoder.write(channel, format, 64, 64, 10, frames))
                    .isInstanceOf(IOException.class)
                    .hasMessage("No space left on device");
        }
    }

    /// Smooth colours that drift, with an edge of brightness that moves.
    private static List<Picture> drifting(int count, int width, int height) {
        var frames = new ArrayList<Picture>();
        for (int f = 0; f < count; f++) {
            var rgb = new byte[3 * width * height];
            for (int i = 0; i < rgb.length; i++) {
                int x = i / 3 % width;
                int y = i / 3 / width;
                double wave = Math.sin(0.06 * x + 0.04 * y * (i % 3) + 0.3 * f + i % 3);
                rgb[i] = (byte) Math.round(100 + 60 * wave + (x - y < 3 * f ? 60 : 0));
            }
            frames.add(Picture.of(width, height, rgb));
        }
        return frames;
    }
}
