package org.dit4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.Captions;
import org.dit4j.data.HoldOut;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.PictureSet;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;

/// The pictures that a run trains with, in memory.
final class TrainingPictures implements AutoCloseable {
    private final PictureSet pictures;
    private final boolean flip;
    private final double balance;

    private TrainingPictures(PictureSet pictures, boolean flip, double balance) {
        this.pictures = pictures;
        this.flip = flip;
        this.balance = balance;
    }

    /// Reads the pictures that are not held out.
    ///
    /// @throws org.dit4j.data.DataException if there are none
    static TrainingPictures read(RunConfig.Pictures data, TrainingListener listener) {
        return read(data, (folder, told) -> folder.read(data.size(), told), listener);
    }

    /// Reads the same pictures in another size, each whole on white.
    static TrainingPictures read(
            RunConfig.Pictures data, RunConfig.Bucket size, TrainingListener listener) {
        return read(
                data,
                (folder, told) -> folder.readWhole(size.width(), size.height(), told),
                listener);
    }

    private static TrainingPictures read(
            RunConfig.Pictures data,
            BiFunction<ImageFolder, ImageFolder.Listener, PictureSet> read,
            TrainingListener listener) {
        ImageFolder folder = ImageFolder.open(Path.of(data.folder()));
        ImageFolder training = folder.training(new HoldOut(data.holdOut()));
        return new TrainingPictures(
                read.apply(
                        training,
                        new ImageFolder.Listener() {
                            @Override
                            public void progress(int done, int total) {
                                listener.prepared("reading pictures", done, total);
                            }

                            @Override
                            public void skipped(String reason) {
                                listener.note("left out: " + reason);
                            }
                        }),
                data.flip(),
                data.balance());
    }

    /// Returns whether half of the pictures are mirrored at random.
    boolean flip() {
        return flip;
    }

    /// Returns all pictures, `[N, 3, H, W]` uint8. Borrowed.
    Tensor bytes() {
        return pictures.bytes();
    }

    /// Returns the class of a picture.
    int label(int example) {
        return pictures.label(example);
    }

    /// Returns what a picture shows, in words.
    Captions captions(int example) {
        return pictures.captions(example);
    }

    /// Returns the names of the classes.
    List<String> classes() {
        return pictures.classes();
    }

    int size() {
        return pictures.size();
    }

    /// Returns how often each picture is seen, in proportion (see [PictureSet#weights]).
    double[] weights() {
        return pictures.weights(balance);
    }

    /// Returns pictures in [-1, 1], `[B, 3, H, W]` float32.
    Tensor batch(int[] examples) {
        return pictures.batch(examples);
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

    @Override
    public void close() {
        pictures.close();
    }
}
