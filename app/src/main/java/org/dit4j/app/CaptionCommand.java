package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dit4j.app.data.FolderCopy;
import org.dit4j.app.language.CaptionRefiner;
import org.dit4j.app.language.LanguageModel;
import org.dit4j.data.DataException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j data caption`.
@Command(
        name = "caption",
        description = {
            "Have a language model add a refined caption to each picture of a folder with metadata.jsonl.",
            "",
            "It sees the captions, not the pictures, and none that is held out. The others stay; a new one is added for"
                    + " each language, and named in captions_refined. Ctrl-C saves; the same command goes on."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j data caption data/emoji --out data/emoji-refined --llm ollama:http://localhost:11434 --llm-model NAME",
            "  dit4j data caption data/emoji --in-place --llm https://host/v1 --llm-model NAME --limit 100"
        })
final class CaptionCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "FOLDER", description = "The folder of the pictures.")
    private Path folder = Path.of("");

    @ArgGroup(multiplicity = "1")
    private Place place = new Place();

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "Ask for so many pictures and leave the rest for later.")
    private int limit = Integer.MAX_VALUE;

    @Mixin private LanguageModelOptions languageModel = new LanguageModelOptions();

    /// Where the captions are written.
    static final class Place {
        @Option(
                names = "--out",
                paramLabel = "FOLDER2",
                description = "A copy of the folder; an earlier one is gone on with.")
        private @Nullable Path out;

        @Option(names = "--in-place", description = "Change the folder itself.")
        private boolean inPlace;
    }

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--limit must be 1 or more but is " + limit);
        }
        LanguageModel model = languageModel.connect("this");
        DataException.require(
                Files.isRegularFile(folder.resolve("metadata.jsonl")),
                "there is no metadata.jsonl in %s",
                folder);
        Path target = folder;
        @Nullable Path copy = place.inPlace ? null : place.out;
        if (copy != null) {
            FolderCopy.prepare(folder, copy);
            target = copy;
        }
        report(refine(model, target), target);
        return 0;
    }

    private CaptionRefiner.Summary refine(LanguageModel model, Path target) {
        PrintWriter err = spec.commandLine().getErr();
        var ended = new CountDownLatch(1);
        try (var bar = new Bar(err)) {
            var refiner =
                    new CaptionRefiner(
                            model,
                            (stage, done, total) -> bar.show(stage, done, total, ""),
                            bar::note);
            Thread hook = new Thread(() -> stopAndWait(refiner, ended), "save-on-interrupt");
            Runtime.getRuntime().addShutdownHook(hook);
            return refiner.refine(target, limit);
        } finally {
            ended.countDown();
        }
    }

    /// Runs while the process shuts down, after Ctrl-C or SIGTERM: what is done is saved.
    private static void stopAndWait(CaptionRefiner refiner, CountDownLatch ended) {
        refiner.stop();
        try {
            boolean _ = ended.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void report(CaptionRefiner.Summary summary, Path target) {
        spec.commandLine()
                .getOut()
                .printf(
                        "%d pictures refined, %d needed nothing, %d left: %s%n",
                        summary.refined(), summary.complete(), summary.left(), target);
    }
}
