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

    /// What was found.
    ///
    /// @param made the nearest training pictures of the generated ones
    /// @param held those of the pictures that the model has not seen
    /// @param unit by which distances are divided
    /// @param grid a file with the pictures that came nearest
    record Found(Nearest made, Nearest held, double unit, Path grid) {
        /// Returns what a report says of it.
        Map<String, Object> summary() {
            var map = new LinkedHashMap<String, Object>();
            map.put("smallest", made.quantile(0) / unit);
            map.put("median", made.quantile(0.5) / unit);
            map.put("median_of_held_out", held.quantile(0.5) / unit);
            map.put("nearer_than_99_percent_of_held_out", made.shareBelow(held.quantile(COPY)));
            return map;
        }
    }

    /// Compares features, `[N, D]` each.
    Found byFeatures(Tensor real, Tensor held, Tensor made) {
        Nearest ofMade = Nearest.of(real, made);
        return new Found(
                ofMade, Nearest.of(real, held), 1, show(ofMade, "nearest-by-features.png"));
    }

    /// Compares pixels: root mean square differences, where 1 is from black to white.
    Found byPixels() {
        try (var _ = TensorScope.open()) {
            Tensor real = training.bytes().flatten(1, -1);
            Tensor made =
                    Ops.stack(
                            0,
                            generated.stream()
                                    .map(p -> p.tensor().permute(2, 0, 1).flatten())
                                    .toList());
            Nearest ofMade = Nearest.of(real, made);
            Path grid = show(ofMade, "nearest-by-pixels.png");
            Nearest ofUnseen = Nearest.of(real, unseen.bytes().flatten(1, -1));
            return new Found(ofMade, ofUnseen, 255 * Math.sqrt(real.size(1)), grid);
        }
    }

    /// Returns a picture of a set.
    static Picture picture(PictureSet set, int index) {
        try (var _ = TensorScope.open()) {
            return Picture.of(set.bytes().select(0, index).permute(1, 2, 0));
        }
    }

    /// The pictures that come nearest, each to the left of its training picture.
    private Path show(Nearest nearest, String name) {
        var pairs = new ArrayList<Picture>();
        int[] order = nearest.order();
        for (int i = 0; i < Math.min(PAIRS, order.length); i++) {
            pairs.add(generated.get(order[i]));
            pairs.add(picture(training, nearest.index()[order[i]]));
        }
        Path file = out.resolve(name);
        PictureFile.write(file, Grid.of(pairs, COLUMNS));
        return file;
    }
}
