package org.dit4j.app;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.HoldOut;
import org.dit4j.data.ImageFolder;
import org.dit4j.eval.FeatureNetwork;
import org.dit4j.eval.InceptionV3;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.pipeline.GenerationRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j evaluate`.
@Command(
        name = "evaluate",
        description = {
            "Measure how good a model's pictures are, or compare two folders of pictures.",
            "",
            "Fréchet and kernel distance, precision and recall in the features of a classifier of the"
                    + " data; for a model also how many pictures show their class, how faithful its"
                    + " autoencoder is, and how near its pictures come to those it was trained with."
                    + " A text-to-image model gets prompts of the data's prompts.jsonl: of texts it was"
                    + " trained with, other wordings, styles and colours, and of subjects it has not"
                    + " seen, in each language from the same noise. Retrieval says how often a"
                    + " picture is nearer to the real pictures of its subject than to those of 99"
                    + " others; a style is what follows the last hyphen of a file's name."
                    + " report.html shows it all."
                    + " With --inception the features are those of the FID."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j evaluate --model emoji --data data/emoji64 --count 1000 --out out/evaluation",
            "  dit4j evaluate --pictures out/pictures --data data/emoji64 --out out/comparison",
            "  dit4j evaluate --pictures samples --data imagenet --inception pt_inception-2015-12-05-6726825d.pth --out fid"
        })
final class EvaluateCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @ArgGroup(multiplicity = "1")
    private Subject subject = new Subject();

    /// What is judged.
    static final class Subject {
        @Option(
                names = "--model",
                paramLabel = "NAME|DIR",
                description =
                        "A model that ships, a folder, or OWNER/NAME of a pulled model: generates"
                                + " the pictures.")
        private String model = "";

        @Option(
                names = "--pictures",
                paramLabel = "DIR",
                description = "A folder of generated pictures.")
        private @Nullable Path pictures;
    }

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "The real pictures: with --model those it was trained with.")
    private Path data = Path.of("");

    @ArgGroup private Network network = new Network();

    /// Whose features are compared.
    static final class Network {
        @Option(
                names = "--features",
                paramLabel = "NAME|DIR",
                description = "A classifier that ships or a folder; emoji-classifier if not given.")
        private String features = "emoji-classifier";

        @Option(
                names = "--inception",
                paramLabel = "FILE",
                description = "The weights of pytorch-fid: makes the Fréchet distance the FID.")
        private @Nullable Path inception;
    }

    @Option(
            names = "--count",
            paramLabel = "N",
            description =
                    "Pictures to generate of all classes alike, 1000 if not given; for a"
                            + " text-to-image model prompts of each kind and language, 100.")
    private int count;

    @Option(
            names = "--hold-out",
            paramLabel = "SHARE",
            description = "The part of the data that was not trained with; ${DEFAULT-VALUE}.")
    private double holdOut = 0.02;

    @Mixin private SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "Receives report.json, report.html of a model, and pictures.")
    private Path out = Path.of("");

    @Option(names = "--json", description = "Print the report as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        ConfigException.require(
                count == 0 || count > 3, "--count must be at least 4 but is %d", count);
        Map<String, Object> report;
        try (FeatureNetwork features = features();
                var bar = new Bar(spec.commandLine().getErr())) {
            report =
                    subject.pictures == null
                            ? evaluateModel(features, bar)
                            : FolderEvaluation.compare(
                                    features,
                                    ImageFolder.open(data),
                                    ImageFolder.open(subject.pictures),
                                    sampling.seed(),
                                    bar);
        }
        JsonFile.write(out.resolve("report.json"), report);
        print(report);
        return 0;
    }

    private FeatureNetwork features() {
        return network.inception == null
                ? PictureClassifier.load(ModelFolders.shipped().find(network.features))
                : InceptionV3.load(network.inception);
    }

    private Map<String, Object> evaluateModel(FeatureNetwork features, Bar bar) {
        GenerationRequest request = sampling.applied(GenerationRequest.ofClasses("0"));
        Path folder = ModelFolders.shipped().find(subject.model);
        var evaluation =
                new ModelEvaluation(
                        folder, ImageFolder.open(data), new HoldOut(holdOut), features, out, bar);
        return evaluation.run(request, count, sampling.loading());
    }

    private void print(Map<String, Object> report) {
        if (json) {
            spec.commandLine().getOut().println(JsonFile.mapper().writeValueAsString(report));
            return;
        }
        EvaluationPage.flatten(report)
                .forEach((name, value) ->
                        spec.commandLine()
                                .getOut()
                                .printf("%-44s %s%n", name, EvaluationPage.shown(value)));
    }
}
