package org.dit4j.data;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Pictures of one size in memory, as bytes. Owns them until it is closed.
///
/// @param bytes uint8 `[N, 3, H, W]`, read only
/// @param examples where they come from, in the same order
/// @param classes the names of the classes, sorted
public record PictureSet(Tensor bytes, List<ImageFolder.Example> examples, List<String> classes)
        implements AutoCloseable {
    private static final int BATCH = 128;

    /// Keeps copies of the lists.
    public PictureSet {
        examples = List.copyOf(examples);
        classes = List.copyOf(classes);
    }

    /// A picture, or why there is none.
    private record Attempt(byte[] planes, String failure) {}

    /// Reads all pictures of a folder.
    ///
    /// @param fit brings a picture to the size
    static PictureSet read(
            ImageFolder folder,
            int width,
            int height,
            UnaryOperator<Picture> fit,
            ImageFolder.Listener listener) {
        int n = folder.size();
        long each = 3L * width * height;
        try (var _ = TensorScope.open()) {
            Tensor all = Tensors.zeros(Dtype.UINT8, n, 3, height, width);
            MemorySegment data = Tensors.data(all);
            var examples = new ArrayList<ImageFolder.Example>();
            for (int from = 0; from < n; from += BATCH) {
                int first = from;
                List<Attempt> batch =
                        IntStream.range(from, Math.min(n, from + BATCH))
                                .parallel()
                                .mapToObj(i -> attempt(folder, i, fit))
                                .toList();
                for (int i = 0; i < batch.size(); i++) {
                    Attempt attempt = batch.get(i);
                    if (attempt.failure.isEmpty()) {
                        data.asSlice(examples.size() * each, each)
                                .copyFrom(MemorySegment.ofArray(attempt.planes));
                        examples.add(folder.examples().get(first + i));
                    } else {
                        listener.skipped(attempt.failure);
                    }
                }
                listener.progress(from + batch.size(), n);
            }
            DataException.require(
                    !examples.isEmpty(),
                    "none of the %d pictures in %s can be read",
                    n,
                    folder.folder());
            Tensor bytes = examples.size() == n ? all : all.narrow(0, 0, examples.size());
            return new PictureSet(TensorScope.keep(bytes), examples, folder.classes());
        }
    }

    private static Attempt attempt(ImageFolder folder, int index, UnaryOperator<Picture> fit) {
        try {
            return new Attempt(planes(fit.apply(folder.picture(index))), "");
        } catch (DataException e) {
            return new Attempt(new byte[0], String.valueOf(e.getMessage()));
        }
    }

    /// `[H, W, 3]` to `[3, H, W]`.
    private static byte[] planes(Picture picture) {
        byte[] rgb = picture.bytes();
        int area = rgb.length / 3;
        var planes = new byte[rgb.length];
        for (int i = 0; i < area; i++) {
            for (int c = 0; c < 3; c++) {
                planes[c * area + i] = rgb[3 * i + c];
            }
        }
        return planes;
    }

    /// Returns the number of pictures.
    public int size() {
        return examples.size();
    }

    /// Returns the number of a picture's class, -1 if there are no classes.
    public int label(int index) {
        return examples.get(index).label();
    }

    /// Returns the texts for a picture.
    public Captions captions(int index) {
        return examples.get(index).captions();
    }

    /// Returns weights of the pictures that bring their classes nearer to equal shares: n to the
    /// power of -balance for a picture of a class of n.
    ///
    /// @param balance 0 for equal weights of all pictures, 1 for equal weights of all classes
    /// @throws DataException if there are no classes and the balance is not 0
    public double[] weights(double balance) {
        var weights = new double[size()];
        Arrays.fill(weights, 1);
        if (balance == 0) {
            return weights;
        }
        DataException.require(
                !classes.isEmpty(), "balance is %s, but the pictures have no classes", balance);
        var counts = new int[classes.size()];
        examples.forEach(e -> counts[e.label()]++);
        Arrays.setAll(weights, i -> Math.pow(counts[label(i)], -balance));
        return weights;
    }

    /// Returns some of the pictures in [-1, 1], float32 `[B, 3, H, W]`.
    public Tensor batch(int[] indices) {
        var index = new long[indices.length];
        for (int i = 0; i < index.length; i++) {
            index[i] = indices[i];
        }
        return TensorScope.compute(() -> {
            Tensor x = bytes.index_select(0, Tensors.of(index, index.length));
            return Ops.add(Ops.mul(Ops.to(x, Dtype.FLOAT32), 1 / 127.5), -1);
        });
    }

    @Override
    public void close() {
        bytes.close();
    }
}
