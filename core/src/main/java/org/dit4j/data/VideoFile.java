package org.dit4j.data;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.codec.FrameEncoder;
import org.dit4j.codec.FrameFormat;

/// Kinds of files that hold a video, each shown without end by what loops it.
public enum VideoFile {
    /// H.264, which every player and browser knows: near to the pictures, small; even sides.
    MP4(".mp4", 240) {
        @Override
        void requireRules(Video video) {
            int w = video.width();
            int h = video.height();
            DataException.require(
                    w % 2 == 0 && h % 2 == 0,
                    "an MP4 has an even width and height, not %d x %d: %s or %s takes any",
                    w,
                    h,
                    WEBP.ending(),
                    GIF.ending());
            DataException.require(
                    Math.min(w, h) >= MIN_SIDE && (long) w * h <= MAX_PIXELS,
                    "an MP4 has sides of at least %d and at most %d pixels, not %d x %d",
                    MIN_SIDE,
                    MAX_PIXELS,
                    w,
                    h);
        }

        @Override
        void writeValid(Path path, Video video) {
            encode(path, FrameFormat.MP4, video);
        }
    },

    /// Animated WebP, lossless: exactly the pictures, in milliseconds; large.
    WEBP(".webp", 100) {
        @Override
        void requireRules(Video video) {
            DataException.require(
                    Math.max(video.width(), video.height()) <= MAX_WEBP_SIDE,
                    "a WebP has sides of at most %d, not %d x %d",
                    MAX_WEBP_SIDE,
                    video.width(),
                    video.height());
        }

        @Override
        void writeValid(Path path, Video video) {
            encode(path, FrameFormat.WEBP, video);
        }
    },

    /// Animated GIF: 256 colours a frame, hundredths of a second.
    GIF(".gif", AnimatedGif.MAX_RATE) {
        @Override
        void requireRules(Video video) {}

        @Override
        void writeValid(Path path, Video video) {
            AnimatedGif.write(path, video.frames(), video.rate(), 0);
        }
    };

    private static final int MIN_SIDE = 16;
    private static final int MAX_PIXELS = 36_864 * 256; // macroblocks of H.264's level 5.2
    private static final int MAX_WEBP_SIDE = 16_383;
    private static final double MIN_RATE = 0.01;

    private final String ending;
    private final double maxRate;

    VideoFile(String ending, double maxRate) {
        this.ending = ending;
        this.maxRate = maxRate;
    }

    /// Returns the kind that a file's name ends in, if it does.
    public static Optional<VideoFile> of(String name) {
        return Arrays.stream(values()).filter(kind -> name.endsWith(kind.ending)).findFirst();
    }

    /// Returns the ending of such files' names, with its dot.
    public String ending() {
        return ending;
    }

    /// Returns the most frames a second: what browsers show.
    public double maxRate() {
        return maxRate;
    }

    /// Writes a file, completely or not at all.
    ///
    /// @throws DataException if the kind cannot hold such a video
    /// @throws org.dit4j.checkpoint.CheckpointException if it could not be written
    public void write(Path path, Video video) {
        DataException.require(
                video.rate() >= MIN_RATE && video.rate() <= maxRate,
                "a %s shows %s to %.0f frames a second, not %s",
                name(),
                MIN_RATE,
                maxRate,
                video.rate());
        requireRules(video);
        writeValid(path, video);
    }

    abstract void requireRules(Video video);

    abstract void writeValid(Path path, Video video);

    private static void encode(Path path, FrameFormat format, Video video) {
        List<byte[]> frames = video.frames().stream().map(Picture::bytes).toList();
        AtomicFile.write(
                path,
                channel ->
                        FrameEncoder.write(
                                channel,
                                format,
                                video.width(),
                                video.height(),
                                video.rate(),
                                frames));
    }
}
