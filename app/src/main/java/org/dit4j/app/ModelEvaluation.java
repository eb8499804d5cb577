package org.dit4j.app;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.HoldOut;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.PictureSet;
import org.dit4j.eval.FeatureNetwork;
import org.dit4j.eval.PromptSet;
import org.dit4j.eval.Psnr;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.TextToImagePipeline;
import org.dit4j.tensor.TensorScope;

/// Generates pictures with a model and compares them with those that it was trained with and with
/// those that were held out.
///
/// @param model folder of the pipeline
/// @param data the whole data set; for a text-to-image model with a `prompts.jsonl`
/// @param holdOut what the model was not trained with
/// @param network gives the features
/// @param out receives the pictures and `report.html`
record ModelEvaluation(
        Path model, ImageFolder data, HoldOut holdOut, FeatureNetwork network, Path out, Bar bar) {
    private static final int CLASS_PICTURES = 1000;
    private static final int PROMPTS = 100;

    /// Returns the report.
    ///
    /// @param settings whatever of it is set goes for all pictures
    /// @param count pictures of all classes, or prompts of each kind and language; 0 for 1000 and
    ///   100
    /// @param options of the pipeline; the features are computed on the CPU
    Map<String, Object> run(GenerationRequest settings, int count, LoadOptions options) {
        try (Pipeline pipeline = Pipelines.load(model, options)) {
            return run(pipeline, settings, count, options);
        }
    }

    /// Does the same with a pipeline that is open.
    Map<String, Object> run(
            Pipeline pipeline, GenerationRequest settings, int count, LoadOptions options) {
        GenerationRequest resolved = pipeline.resolve(settings);
        var report = new LinkedHashMap<String, Object>();
        report.put("model", model.toString());
        report.put("data", data.folder().toString());
        report.put("sampler", resolved.sampler());
        report.put("steps", resolved.steps());
        report.put("guidance", resolved.guide().scale());
        report.put("seed", resolved.seed());
        report.put("precision", options.dtype().torchName());
        report.put("device", options.device().toString());
        try (PictureSet training = read(data.training(holdOut), resolved, "training pictures");
                PictureSet unseen = read(data.heldOut(holdOut), resolved, "held-out pictures");
                var _ = TensorScope.open()) {
            var with = Comparison.of(network, training, unseen, out, resolved.seed(), bar);
            EvaluationPage.Content content =
                    pipeline instanceof DitPipeline dit
                            ? new ClassEvaluation(dit, with)
                                    .run(resolved, count == 0 ? CLASS_PICTURES : count, report)
                            : new TextEvaluation(pipeline, prompts(), holdOut, with)
                                    .run(resolved, count == 0 ? PROMPTS : count, report);
            if (pipeline instanceof TextToImagePipeline text) {
                report.put(
                        "autoencoder_psnr_held_out",
                        Psnr.ofAutoencoder(text.parts().autoencoder(), unseen));
            }
            EvaluationPage.write(out, report, content);
        }
        return report;
    }

    private PromptSet prompts() {
        return PromptSet.read(data.folder().resolve("prompts.jsonl"));
    }

    private PictureSet read(ImageFolder folder, GenerationRequest request, String stage) {
        ConfigException.require(
                request.width() == request.height(),
                "only square pictures can be evaluated, not %d x %d",
                request.width(),
                request.height());
        return folder.read(request.width(), FolderEvaluation.listener(stage, bar));
    }
}
