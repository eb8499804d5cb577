package org.dit4j.train;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;

/// The pictures of a run in memory, as bytes.
final class TrainingPictures {
    private final Tensor bytes; // [N, 3, H, W] uint8
    private final boolean flip;
    private final int[] labels;
    private final List<String> classes;

    TrainingPictures(Tensor bytes, boolean flip, int[] labels, List<String> classes) {
        this.bytes = bytes;
        this.flip = flip;
        this.labels = labels;
        this.classes = List.copyOf(classes);
    }

    /// Returns whether half of the pictures are mirrored at random.
    boolean flip() {
        return flip;
    }

    /// Returns all pictures, `[N, 3, H, W]` uint8. Borrowed.
    Tensor bytes() {
        return bytes;
    }

    /// Returns the class of a picture.
    int label(int example) {
        return labels[example];
    }

    /// Returns the names of the classes.
    List<String> classes() {
        return classes;
    }

    static TrainingPictures read(RunConfig.Pictures data, TrainingListener listener) {
        try (var files = Files.walk(Path.of(data.folder()))) {
            List<Path> png = files.filter(f -> f.toString().endsWith(".png")).sorted().toList();
            int every = data.holdOut() > 0 ? (int) Math.round(1 / data.holdOut()) : 0;
            var train = new ArrayList<Path>();
            for (int i = 0; i < png.size(); i++) {
                if (every == 0 || i % every != every - 1) {
                    train.add(png.get(i));
                }
            }
            List<String> classes =
                    png.stream().map(TrainingPictures::className).distinct().sorted().toList();
            int[] labels = train.stream().mapToInt(f -> classes.indexOf(className(f))).toArray();
            int s = data.size();
            var bytes = new byte[train.size() * 3 * s * s];
            int at = 0;
            for (Path file : train) {
                BufferedImage image = ImageIO.read(file.toFile());
                for (int c = 16; c >= 0; c -= 8) {
                    for (int y = 0; y < s; y++) {
                        for (int x = 0; x < s; x++) {
                            bytes[at++] = (byte) (image.getRGB(x, y) >> c);
                        }
                    }
                }
                listener.prepared("reading pictures", at / (3 * s * s), train.size());
            }
            return new TrainingPictures(
                    org.dit4j.tensor.TensorScope.keep(Tensors.of(bytes, train.size(), 3, s, s)),
                    data.flip(),
                    labels,
                    classes);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String className(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? "" : String.valueOf(folder.getFileName());
    }

    int size() {
        return (int) bytes.size(0);
    }

    /// Returns pictures in [-1, 1], `[B, 3, H, W]` float32.
    Tensor batch(int[] examples) {
        var index = new long[examples.length];
        for (int i = 0; i < index.length; i++) {
            index[i] = examples[i];
        }
        Tensor x = bytes.index_select(0, Tensors.of(index, index.length));
        return Ops.add(Ops.mul(Ops.to(x, Dtype.FLOAT32), 1 / 127.5), -1);
    }

    /// Returns pictures, half of them mirrored if the run says so.
    Tensor batch(int[] examples, Rng rng) {
        Tensor x = batch(examples);
        if (!flip) {
            return x;
        }
        Tensor mirrored = rng.uniform(examples.length, 1, 1, 1).lt(Tensors.scalar(0.5));
        return Ops.where(mirrored, x.flip(3), x);
    }

    /// Returns up to `count` examples from all over the data, in batches.
    List<int[]> spread(int count, int batch) {
        int n = Math.min(count, size());
        var all = new ArrayList<int[]>();
        for (int from = 0; from < n; from += batch) {
            var examples = new int[Math.min(batch, n - from)];
            for (int i = 0; i < examples.length; i++) {
                examples[i] = (int) ((long) (from + i) * size() / n);
            }
            all.add(examples);
        }
        return all;
    }
}
