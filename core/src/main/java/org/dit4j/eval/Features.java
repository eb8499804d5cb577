package org.dit4j.eval;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.DataException;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureSet;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Computes the features of many pictures.
public final class Features {
    private static final int BATCH = 32;

    private Features() {}

    /// Returns the features of a set, float32 `[N, D]`.
    public static Tensor of(FeatureNetwork network, PictureSet set, ImageFolder.Listener listener) {
        var parts = new ArrayList<Tensor>();
        for (int from = 0; from < set.size(); from += BATCH) {
            var batch = new int[Math.min(BATCH, set.size() - from)];
            for (int i = 0; i < batch.length; i++) {
                batch[i] = from + i;
            }
            parts.add(TensorScope.compute(() -> network.features(set.batch(batch))));
            listener.progress(from + batch.length, set.size());
        }
        return Ops.cat(0, parts.toArray(Tensor[]::new));
    }

    /// Returns the features of pictures, float32 `[N, D]`.
    public static Tensor of(FeatureNetwork network, List<Picture> pictures) {
        var batches = new Batches(network);
        pictures.forEach(batches::add);
        return batches.all();
    }

    /// Returns the features of a folder's pictures as they are, read one batch after the other;
    /// `[N, D]` of those that can be read.
    ///
    /// @throws DataException if none can be read
    public static Tensor of(
            FeatureNetwork network, ImageFolder folder, ImageFolder.Listener listener) {
        var batches = new Batches(network);
        for (int i = 0; i < folder.size(); i++) {
            try {
                batches.add(folder.picture(i));
            } catch (DataException e) {
                listener.skipped(String.valueOf(e.getMessage()));
            }
            listener.progress(i + 1, folder.size());
        }
        return batches.all();
    }

    /// Returns pictures of one size in [-1, 1], float32 `[B, 3, H, W]`.
    public static Tensor tensor(List<Picture> pictures) {
        return TensorScope.compute(() -> {
            Tensor rows = Ops.stack(0, pictures.stream().map(Picture::tensor).toList());
            Tensor x = Ops.to(rows.permute(0, 3, 1, 2), Dtype.FLOAT32);
            return Ops.add(Ops.mul(x.contiguous(), 1 / 127.5), -1);
        });
    }

    /// Puts pictures of one size together, as long as they follow each other.
    private static final class Batches {
        private final FeatureNetwork network;
        private final List<Picture> waiting = new ArrayList<>();
        private final List<Tensor> parts = new ArrayList<>();

        Batches(FeatureNetwork network) {
            this.network = network;
        }

        void add(Picture p) {
            boolean fits =
                    waiting.isEmpty()
                            || waiting.getFirst().width() == p.width()
                                    && waiting.getFirst().height() == p.height();
            if (!fits || waiting.size() == BATCH) {
                flush();
            }
            waiting.add(p);
        }

        private void flush() {
            parts.add(TensorScope.compute(() -> network.features(tensor(waiting))));
            waiting.clear();
        }

        Tensor all() {
            if (!waiting.isEmpty()) {
                flush();
            }
            DataException.require(!parts.isEmpty(), "there are no pictures to compute features of");
            return Ops.cat(0, parts.toArray(Tensor[]::new));
        }
    }
}
