package org.dit4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.Grid;
import org.dit4j.data.HoldOut;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.data.PictureSet;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Spatial;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Trains a picture classifier: cross-entropy, on pictures that are shifted a little at random.
public final class ClassifierTask implements TrainingTask {
    /// Largest shift, as a share of the picture's size.
    private static final int SHIFT_DIVISOR = 16;

    private static final int BATCH = 64;
    private static final int SHOWN = 32;

    private final PictureClassifier network;
    private final PictureSet training;
    private final @Nullable PictureSet heldOut;
    private final RunConfig.Pictures data;
    private final RunConfig.Precision precision;

    private ClassifierTask(
            PictureClassifier network,
            PictureSet training,
            @Nullable PictureSet heldOut,
            RunConfig.ClassifierRun run) {
        this.network = network;
        this.training = training;
        this.heldOut = heldOut;
        this.data = run.data();
        this.precision = run.precision();
    }

    /// Opens the task that a configuration describes.
    ///
    /// @throws ConfigException if the pictures have no classes
    static ClassifierTask open(
            RunConfig.ClassifierRun run, Device device, TrainingListener listener) {
        RunConfig.Pictures data = run.data();
        ImageFolder folder = ImageFolder.open(Path.of(data.folder()));
        ConfigException.require(
                folder.classes().size() > 1,
                "%s: a classifier needs pictures of at least two classes",
                data.folder());
        var rule = new HoldOut(data.holdOut());
        PictureSet training =
                folder.training(rule).read(data.size(), new Reading("reading pictures", listener));
        PictureSet heldOut =
                data.holdOut() == 0
                        ? null
                        : folder.heldOut(rule)
                                .read(data.size(), new Reading("held-out pictures", listener));
        var config = new PictureClassifier.Config(run.width(), data.size(), folder.classes());
        try (var rng = Rng.seeded(run.trainer().seed())) {
            return new ClassifierTask(
                    new PictureClassifier(
                            ParameterSource.initialising(rng, Dtype.FLOAT32, device), config),
                    training,
                    heldOut,
                    run);
        }
    }

    private record Reading(String what, TrainingListener listener) implements ImageFolder.Listener {
        @Override
        public void progress(int done, int total) {
            listener.prepared(what, done, total);
        }

        @Override
        public void skipped(String reason) {
            listener.note("skipped: " + reason);
        }
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public int size() {
        return training.size();
    }

    @Override
    public double[] weights() {
        return training.weights(data.balance());
    }

    @Override
    public BatchLoss backward(int[] examples, Rng rng, double weight) {
        Tensor x = there(augmented(training.batch(examples), rng)); // [B, 3, H, W]
        Tensor y = there(labels(training, examples)); // [B]
        return Ops.autocast(
                precision.dtype(),
                Device.of(x),
                () -> {
                    Tensor logits = network.classify(network.forward(x));
                    Tensor loss = Ops.crossEntropy(logits, y);
                    Ops.mul(loss, weight).backward();
                    var terms = new LinkedHashMap<String, Double>();
                    terms.put("loss", Ops.item(loss));
                    terms.put("accuracy", right(logits, y) / (double) examples.length);
                    return new BatchLoss(terms, new float[0], new double[0]);
                });
    }

    /// Shifts each picture by up to a sixteenth of its size in both directions, and mirrors half of
    /// them if the run says so. What moves in repeats the edge.
    private Tensor augmented(Tensor x, Rng rng) {
        long size = x.size(2);
        long most = size / SHIFT_DIVISOR;
        long[] shifts = Tensors.longs(rng.integers(2 * most + 1, x.size(0), 2));
        Tensor wide = Spatial.padEdges(x, most);
        var parts = new Tensor[(int) x.size(0)];
        for (int i = 0; i < parts.length; i++) {
            parts[i] =
                    wide.select(0, i)
                            .narrow(1, shifts[2 * i], size)
                            .narrow(2, shifts[2 * i + 1], size);
        }
        Tensor shifted = Ops.stack(0, parts);
        if (!data.flip()) {
            return shifted;
        }
        Tensor mirrored = rng.uniform(x.size(0), 1, 1, 1).lt(Tensors.scalar(0.5));
        return Ops.where(mirrored, shifted.flip(3), shifted);
    }

    private static Tensor labels(PictureSet set, int[] examples) {
        var y = new long[examples.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = set.label(examples[i]);
        }
        return Tensors.of(y, y.length);
    }

    private Tensor logits(PictureSet set, int[] batch) {
        return network.logits(network.features(there(set.batch(batch))));
    }

    private Tensor there(Tensor x) {
        return Ops.to(x, parameters().device());
    }

    private static long right(Tensor logits, Tensor y) {
        return Math.round(Ops.item(Matrices.largest(logits).eq(y).sum()));
    }

    /// Returns the share of held-out pictures that it classifies rightly, `held_out_accuracy`.
    @Override
    public Map<String, Double> measure() {
        if (heldOut == null) {
            return Map.of();
        }
        long right = 0;
        for (int[] batch : batches(heldOut)) {
            try (var _ = TensorScope.open()) {
                right += right(logits(heldOut, batch), there(labels(heldOut, batch)));
            }
        }
        return Map.of("held_out_accuracy", right / (double) heldOut.size());
    }

    /// The pictures whose class it is least sure of, the worst first: held-out ones if there are.
    @Override
    public void sample(Path png) {
        PictureSet set = heldOut == null ? training : heldOut;
        var shares = new float[set.size()];
        for (int[] batch : batches(set)) {
            try (var _ = TensorScope.open()) {
                Tensor y = there(labels(set, batch)).unsqueeze(1);
                float[] p = Tensors.floats(Ops.softmax(logits(set, batch), 1).gather(1, y));
                System.arraycopy(p, 0, shares, batch[0], p.length);
            }
        }
        int[] worst =
                IntStream.range(0, shares.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> shares[i]))
                        .limit(SHOWN)
                        .mapToInt(i -> i)
                        .toArray();
        try (var _ = TensorScope.open()) {
            PictureFile.write(png, Grid.of(Picture.ofBatch(set.batch(worst)), SHOWN / 4));
        }
    }

    private static List<int[]> batches(PictureSet set) {
        var all = new ArrayList<int[]>();
        for (int from = 0; from < set.size(); from += BATCH) {
            all.add(IntStream.range(from, Math.min(set.size(), from + BATCH)).toArray());
        }
        return all;
    }

    @Override
    public void export(Path folder) {
        network.save(folder);
    }

    @Override
    public void close() {
        network.close();
        training.close();
        if (heldOut != null) {
            heldOut.close();
        }
    }
}
