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

    TrainingPictures(Tensor bytes, boolean flip) {
        this.bytes = bytes;
        this.flip = flip;
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
                    data.flip());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
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

    static void writeRows(Path png, Tensor above, Tensor below) {
        int n = (int) above.size(0);
        int s = (int) above.size(2);
        var image = new BufferedImage(n / 2 * s, 4 * s, BufferedImage.TYPE_INT_RGB);
        Tensor[] rows = {above, below};
        for (int r = 0; r < 2; r++) {
            float[] v = Tensors.floats(rows[r]);
            for (int i = 0; i < n; i++) {
                for (int y = 0; y < s; y++) {
                    for (int x = 0; x < s; x++) {
                        int rgb = 0;
                        for (int c = 0; c < 3; c++) {
                            float f = v[((i * 3 + c) * s + y) * s + x];
                            rgb = rgb << 8 | Math.clamp(Math.round(f * 127.5f + 127.5f), 0, 255);
                        }
                        int half = i / (n / 2);
                        image.setRGB(i % (n / 2) * s + x, (2 * half + r) * s + y, rgb);
                    }
                }
            }
        }
        try {
            Files.createDirectories(png.toAbsolutePath().getParent());
            ImageIO.write(image, "png", png.toFile());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
