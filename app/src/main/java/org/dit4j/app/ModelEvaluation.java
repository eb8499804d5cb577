package org.dit4j.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Grid;
import org.dit4j.data.HoldOut;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.data.PictureSet;
import org.dit4j.eval.FeatureNetwork;
import org.dit4j.eval.Features;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.eval.PictureDistances;
import org.dit4j.eval.Psnr;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.train.RunConfig.Precision;

/// Generates pictures of all classes alike and compares them with those that the model was trained
/// with and with those that were held out.
///
/// @param model folder of the pipeline
/// @param data the whole data set
/// @param holdOut what the model was not trained with
/// @param network gives the features
/// @param out receives the pictures
record ModelEvaluation(
        Path model, ImageFolder data, HoldOut holdOut, FeatureNetwork network, Path out, Bar bar) {
    private static final int SHOWN = 64;
    private static final int COLUMNS = 16;

    /// The pictures of a model and the number of the class that each should show.
    private record Generated(List<Picture> pictures, int[] classes) {}

    /// Returns the report.
    ///
    /// @param settings whatever of it is set goes for all pictures
    Map<String, Object> run(GenerationRequest settings, int count, Precision precision) {
        var report = new LinkedHashMap<String, Object>();
        report.put("model", model.toString());
        report.put("data", data.folder().toString());
        LoadOptions options = LoadOptions.inference().withDtype(precision.dtype());
        try (Pipeline any = Pipelines.load(model, options)) {
            if (!(any instanceof DitPipeline pipeline)) {
                throw new ConfigException(
                        "%s is not class-conditional; only such models are evaluated yet"
                                .formatted(model));
            }
            GenerationRequest resolved = pipeline.resolve(settings);
            report.put("sampler", resolved.sampler());
            report.put("steps", resolved.steps());
            report.put("guidance", resolved.guide().scale());
            report.put("seed", resolved.seed());
            report.put("precision", precision.dtype().torchName());
            Generated generated = generate(pipeline, resolved, count);
            write(generated, pipeline.classes().names());
            try (PictureSet training = read(data.training(holdOut), resolved, "training pictures");
                    PictureSet unseen = read(data.heldOut(holdOut), resolved, "held-out pictures");
                    var _ = TensorScope.open()) {
                compare(generated, pipeline, training, unseen, settings.seed(), report);
            }
        }
        return report;
    }

    private PictureSet read(ImageFolder folder, GenerationRequest request, String stage) {
        ConfigException.require(
                request.width() == request.height(),
                "only square pictures can be evaluated, not %d x %d",
                request.width(),
                request.height());
        return folder.read(request.width(), FolderEvaluation.listener(stage, bar));
    }

    /// Draws `count` pictures: each class equally often, the first ones once more if it does not
    /// divide.
    private Generated generate(DitPipeline pipeline, GenerationRequest settings, int count) {
        int k = pipeline.classes().names().size();
        var pictures = new ArrayList<Picture>();
        var classes = new int[count];
        for (int from = 0; from < count; from += SHOWN) {
            int n = Math.min(SHOWN, count - from);
            var names = new ArrayList<String>();
            for (int i = 0; i < n; i++) {
                classes[from + i] = (from + i) % k;
                names.add(String.valueOf(classes[from + i]));
            }
            var request =
                    new GenerationRequest(
                            names,
                            1,
                            settings.seed() + from / SHOWN,
                            settings.steps(),
                            settings.guide(),
                            settings.sampler(),
                            settings.width(),
                            settings.height());
            pictures.addAll(pipeline.generate(request));
            bar.show("generating", pictures.size(), count, "");
        }
        return new Generated(pictures, classes);
    }

    private void write(Generated generated, List<String> names) {
        Path folder = out.resolve("pictures");
        for (int i = 0; i < generated.classes.length; i++) {
            String name = names.get(generated.classes[i]).replaceAll("[^\\p{L}\\p{N}]+", "-");
            PictureFile.write(
                    folder.resolve(name).resolve("%06d.png".formatted(i)),
                    generated.pictures.get(i));
        }
        int shown = Math.min(SHOWN, generated.pictures.size());
        PictureFile.write(
                out.resolve("grid.png"), Grid.of(generated.pictures.subList(0, shown), COLUMNS));
    }

    private void compare(
            Generated generated,
            DitPipeline pipeline,
            PictureSet training,
            PictureSet unseen,
            long seed,
            Map<String, Object> report) {
        Tensor real = Features.of(network, training, FolderEvaluation.listener("features", bar));
        Tensor held = Features.of(network, unseen, FolderEvaluation.listener("features", bar));
        Tensor made = Features.of(network, generated.pictures);
        report.put("features", network.description());
        report.put("training_pictures", training.size());
        report.put("held_out_pictures", unseen.size());
        report.put("generated_pictures", generated.pictures.size());
        report.put(
                "generated",
                FolderEvaluation.distances(PictureDistances.between(real, made, seed)));
        report.put("real_pictures_instead", FolderEvaluation.distances(baseline(real, made, seed)));
        accuracy(generated, pipeline, unseen, held, made, report);
        report.put(
                "autoencoder_psnr_held_out",
                Psnr.ofAutoencoder(pipeline.parts().autoencoder(), unseen));
        var nearest = new NearestTrainingPictures(generated.pictures, training, unseen, out);
        report.put("nearest_training_picture_by_features", nearest.byFeatures(real, held, made));
        report.put("nearest_training_picture_by_pixels", nearest.byPixels());
    }

    /// What the distances are for as many real pictures, taken out of the training pictures: no
    /// model can be expected to come nearer.
    private static PictureDistances baseline(Tensor real, Tensor made, long seed) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed)) {
            long n = Math.min(made.size(0), real.size(0) / 2);
            Tensor order = rng.permutation(real.size(0));
            return PictureDistances.between(
                    real.index_select(0, order.narrow(0, n, real.size(0) - n)),
                    real.index_select(0, order.narrow(0, 0, n)),
                    seed);
        }
    }

    /// How often the classifier names the class that was asked for; only where it knows the classes
    /// of the model by the same names.
    private void accuracy(
            Generated generated,
            DitPipeline pipeline,
            PictureSet unseen,
            Tensor held,
            Tensor made,
            Map<String, Object> report) {
        if (!(network instanceof PictureClassifier classifier)) {
            return;
        }
        List<String> known = classifier.config().classes();
        List<String> names = pipeline.classes().names();
        if (known.containsAll(names)) {
            var wanted = new long[generated.classes.length];
            for (int i = 0; i < wanted.length; i++) {
                wanted[i] = known.indexOf(names.get(generated.classes[i]));
            }
            report.put("classifier_accuracy_generated", right(made, wanted));
        }
        if (known.containsAll(unseen.classes())) {
            var wanted = new long[unseen.size()];
            for (int i = 0; i < wanted.length; i++) {
                wanted[i] = known.indexOf(unseen.classes().get(unseen.label(i)));
            }
            report.put("classifier_accuracy_held_out", right(held, wanted));
        }
    }

    private double right(Tensor features, long[] wanted) {
        Tensor y = Tensors.of(wanted, wanted.length);
        Tensor answers = Matrices.largest(network.logits(features));
        return Ops.item(answers.eq(y).sum()) / wanted.length;
    }
}
