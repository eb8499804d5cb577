package org.dit4j.app;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureSet;
import org.dit4j.eval.FeatureNetwork;
import org.dit4j.eval.Features;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.eval.PictureDistances;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// What generated pictures of any model are compared with: the pictures it was trained with and
/// those it was not, and their features.
///
/// @param network gives the features
/// @param real features of the training pictures, `[N, D]`
/// @param held features of the held-out pictures, `[M, D]`
/// @param out receives the pictures
/// @param seed of what is drawn at random
record Comparison(
        FeatureNetwork network,
        PictureSet training,
        PictureSet unseen,
        Tensor real,
        Tensor held,
        Path out,
        long seed,
        Bar bar) {
    /// Computes the features, in the caller's scope.
    static Comparison of(
            FeatureNetwork network,
            PictureSet training,
            PictureSet unseen,
            Path out,
            long seed,
            Bar bar) {
        var listener = FolderEvaluation.listener("features", bar);
        return new Comparison(
                network,
                training,
                unseen,
                Features.of(network, training, listener),
                Features.of(network, unseen, listener),
                out,
                seed,
                bar);
    }

    /// Puts into a report how far the pictures are from the training pictures, and how far as many
    /// real ones are.
    void distances(Tensor made, Map<String, Object> report) {
        report.put("features", network.description());
        report.put("training_pictures", training.size());
        report.put("held_out_pictures", unseen.size());
        report.put("generated_pictures", made.size(0));
        report.put(
                "generated",
                FolderEvaluation.distances(PictureDistances.between(real, made, seed)));
        report.put("real_pictures_instead", FolderEvaluation.distances(baseline(made.size(0))));
    }

    /// What the distances are for as many real pictures, taken out of the training pictures: no
    /// model can be expected to come nearer.
    private PictureDistances baseline(long made) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed)) {
            long n = Math.min(made, real.size(0) / 2);
            Tensor order = rng.permutation(real.size(0));
            return PictureDistances.between(
                    real.index_select(0, order.narrow(0, n, real.size(0) - n)),
                    real.index_select(0, order.narrow(0, 0, n)),
                    seed);
        }
    }

    /// Returns how often the classifier names the class that was asked for; nothing where it does
    /// not know the classes by the same names.
    ///
    /// @param classes the class of each picture
    OptionalDouble accuracy(Tensor features, List<String> classes) {
        if (!(network instanceof PictureClassifier classifier)
                || !classifier.config().classes().containsAll(classes)) {
            return OptionalDouble.empty();
        }
        List<String> known = classifier.config().classes();
        long[] wanted = classes.stream().mapToLong(known::indexOf).toArray();
        try (var _ = TensorScope.open()) {
            Tensor answers = Matrices.largest(network.logits(features));
            Tensor right = answers.eq(Tensors.of(wanted, wanted.length));
            return OptionalDouble.of(Ops.item(right.sum()) / wanted.length);
        }
    }

    /// Puts both accuracies into a report, where they can be measured.
    void accuracies(Tensor made, List<String> classes, Map<String, Object> report) {
        accuracy(made, classes).ifPresent(a -> report.put("classifier_accuracy_generated", a));
        List<String> ofUnseen = unseen.examples().stream().map(this::className).toList();
        accuracy(held, ofUnseen).ifPresent(a -> report.put("classifier_accuracy_held_out", a));
    }

    /// Returns the name of a picture's class, empty if it has none.
    String className(ImageFolder.Example example) {
        return example.label() < 0 ? "" : training.classes().get(example.label());
    }

    /// Looks for the nearest training pictures, writes grids of them, and puts the distances into a
    /// report.
    ///
    /// @return what was found, by features first, then by pixels
    Map<String, NearestTrainingPictures.Found> nearest(
            List<Picture> pictures, Tensor made, Map<String, Object> report) {
        var nearest = new NearestTrainingPictures(pictures, training, unseen, out);
        var found = new LinkedHashMap<String, NearestTrainingPictures.Found>();
        found.put("features", nearest.byFeatures(real, held, made));
        found.put("pixels", nearest.byPixels());
        found.forEach((by, f) -> report.put("nearest_training_picture_by_" + by, f.summary()));
        return found;
    }
}
