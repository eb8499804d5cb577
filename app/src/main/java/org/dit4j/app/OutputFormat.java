package org.dit4j.app;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.data.Grid;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.data.Sound;
import org.dit4j.data.Video;
import org.dit4j.data.VideoFile;
import org.dit4j.data.WavFile;
import org.dit4j.pipeline.Medium;

/// How what a model makes becomes files.
///
/// @param <T> what it makes
sealed interface OutputFormat<T> {
    /// Returns what it is for.
    Medium medium();

    /// Returns the endings of the files that it may be.
    List<String> endings();

    /// Fails if one file cannot hold that many results.
    default void requireRoom(int results) {}

    /// Writes everything into one file.
    ///
    /// @param columns of a grid
    /// @param text what was asked for
    void all(Path file, List<T> results, int columns, Map<String, String> text);

    /// Writes one result into a folder.
    ///
    /// @param name of the file, without its ending
    /// @return the file
    Path one(Path folder, String name, T result, Map<String, String> text);

    /// Says which outputs fit.
    default String usage() {
        String frames = medium() == Medium.VIDEOS ? ", for PNG files of the frames," : "";
        return "a %s file or%s a folder (ending in /)"
                .formatted(String.join(", ", endings()), frames);
    }

    /// Pictures as PNG files; several in one file are a grid.
    record Png() implements OutputFormat<Picture> {
        @Override
        public Medium medium() {
            return Medium.PICTURES;
        }

        @Override
        public List<String> endings() {
            return List.of(".png");
        }

        @Override
        public void all(Path file, List<Picture> all, int columns, Map<String, String> text) {
            PictureFile.write(file, grid(all, columns), text);
        }

        static Picture grid(List<Picture> all, int columns) {
            return all.size() == 1 ? all.getFirst() : Grid.of(all, columns);
        }

        @Override
        public Path one(Path folder, String name, Picture picture, Map<String, String> text) {
            Path file = folder.resolve(name + endings().getFirst());
            PictureFile.write(file, picture, text);
            return file;
        }
    }

    /// Videos as files, several in one file as a grid; in a folder, one of PNG files for each.
    ///
    /// @param kind of a file
    /// @param rate frames a second, 0 for that of the video
    record Clip(VideoFile kind, double rate) implements OutputFormat<Video> {
        /// Checks the rate.
        public Clip {
            ConfigException.require(
                    rate <= kind.maxRate(),
                    "--fps must be at most %.0f for a %s file but is %s",
                    kind.maxRate(),
                    kind.ending(),
                    rate);
        }

        /// Returns the format of what is named.
        ///
        /// @param out a file, or a folder for frames, which have no rate
        static Clip of(String out, double rate) {
            return new Clip(VideoFile.of(out).orElse(VideoFile.MP4), rate);
        }

        @Override
        public Medium medium() {
            return Medium.VIDEOS;
        }

        @Override
        public List<String> endings() {
            return Stream.of(VideoFile.values()).map(VideoFile::ending).toList();
        }

        @Override
        public void all(Path file, List<Video> all, int columns, Map<String, String> text) {
            int n = all.getFirst().frames().size();
            List<Picture> frames =
                    IntStream.range(0, n)
                            .mapToObj(i -> all.stream().map(v -> v.frames().get(i)).toList())
                            .map(together -> Png.grid(together, columns))
                            .toList();
            double shown = rate > 0 ? rate : all.getFirst().rate();
            kind.write(file, new Video(frames, shown));
        }

        @Override
        public Path one(Path folder, String name, Video video, Map<String, String> text) {
            Path own = folder.resolve(name);
            List<Picture> frames = video.frames();
            for (int i = 0; i < frames.size(); i++) {
                PictureFile.write(own.resolve("%04d.png".formatted(i)), frames.get(i), text);
            }
            return own;
        }
    }

    /// Sounds as WAV files.
    record Wav() implements OutputFormat<Sound> {
        @Override
        public Medium medium() {
            return Medium.SOUNDS;
        }

        @Override
        public List<String> endings() {
            return List.of(".wav");
        }

        @Override
        public void requireRoom(int results) {
            ConfigException.require(
                    results == 1, "%d sounds need a folder: end the name after -o in /", results);
        }

        @Override
        public void all(Path file, List<Sound> all, int columns, Map<String, String> text) {
            requireRoom(all.size());
            WavFile.write(file, all.getFirst(), WavFile.Format.PCM_16);
        }

        @Override
        public Path one(Path folder, String name, Sound sound, Map<String, String> text) {
            Path file = folder.resolve(name + endings().getFirst());
            WavFile.write(file, sound, WavFile.Format.PCM_16);
            return file;
        }
    }
}
