package org.dit4j.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.Grid;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.data.PictureSet;
import org.dit4j.eval.Nearest;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Whether a model repeats its training pictures: how near the generated pictures come to them, and
/// how near pictures come that the model has never seen. A model that has learned rather than
/// memorised is about as near as those.
///
/// @param generated the model's pictures
/// @param training what it was trained with
/// @param unseen what it was not
/// @param out receives grids: a generated picture, its nearest training picture, and so on
record NearestTrainingPictures(
        List<Picture> generated, PictureSet training, PictureSet unseen, Path out) {
    private static final int PAIRS = 64;
    private static final int COLUMNS = 16;

    /// Nearer than all but this share of unseen pictures counts as a copy.
    private static final double COPY = 0.01;

    /// Compares features, `[N, D]` each.
    Map<String, Object> byFeatures(Tensor real, Tensor held, Tensor made) {
        Nearest ofMade = Nearest.of(real, made);
        show(ofMade, "nearest-by-features.png");
        return summary(ofMade, Nearest.of(real, held), 1);
    }

    /// Compares pixels: root mean square differences, where 1 is from black to white.
    Map<String, Object> byPixels() {
        try (var _ = TensorScope.open()) {
            Tensor real = training.bytes().flatten(1, -1);
            Tensor made =
                    Ops.stack(
                            0,
                            generated.stream()
                                    .map(p -> p.tensor().permute(2, 0, 1).flatten())
                                    .toList());
            Nearest ofMade = Nearest.of(real, made);
            show(ofMade, "nearest-by-pixels.png");
            Nearest ofUnseen = Nearest.of(real, unseen.bytes().flatten(1, -1));
            return summary(ofMade, ofUnseen, 255 * Math.sqrt(real.size(1)));
        }
    }

    private static Map<String, Object> summary(Nearest made, Nearest held, double unit) {
        var map = new LinkedHashMap<String, Object>();
        map.put("smallest", made.quantile(0) / unit);
        map.put("median", made.quantile(0.5) / unit);
        map.put("median_of_held_out", held.quantile(0.5) / unit);
        map.put("nearer_than_99_percent_of_held_out", made.shareBelow(held.quantile(COPY)));
        return map;
    }

    /// The pictures that come nearest, each to the left of its training picture.
    private void show(Nearest nearest, String name) {
        var pairs = new ArrayList<Picture>();
        int[] order = nearest.order();
        try (var _ = TensorScope.open()) {
            for (int i = 0; i < Math.min(PAIRS, order.length); i++) {
                pairs.add(generated.get(order[i]));
                int match = nearest.index()[order[i]];
                pairs.add(Picture.of(training.bytes().select(0, match).permute(1, 2, 0)));
            }
        }
        PictureFile.write(out.resolve(name), Grid.of(pairs, COLUMNS));
    }
}
