package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dit4j.train.TrainingRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j train`.
@Command(
        name = "train",
        description = {
            "Train a diffusion transformer, an autoencoder or a classifier.",
            "",
            "One JSON file says everything (see configs/). The run's folder receives metrics"
                    + " (metrics.jsonl, tensorboard/, curves.png), sample pictures, checkpoints, and at the end the"
                    + " model. Ctrl-C saves; --resume goes on, to the same bits as without"
                    + " the stop, on the same device."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j data emoji --out data/emoji64",
            "  dit4j train configs/emoji-autoencoder.json --out out/autoencoder",
            "  dit4j train configs/emoji-dit.json --out out/emoji",
            "  dit4j train configs/emoji-dit.json --out out/emoji --resume",
            "  dit4j train configs/emoji-dit.json --out out/emoji --device cuda:0"
        })
final class TrainCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "CONFIG.json", description = "What to train, on what, and how.")
    private Path config = Path.of("");

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the run.")
    private Path out = Path.of("");

    @Mixin private DeviceOption place = new DeviceOption();

    @Option(names = "--resume", description = "Go on from the newest checkpoint in the folder.")
    private boolean resume;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        var ended = new CountDownLatch(1);
        try (var progress = new TrainingProgress(err, out);
                var run = TrainingRun.open(config, out, resume, place.device(), progress)) {
            if (run.resumedAt() > 0) {
                progress.note("resumed after step " + run.resumedAt());
            }
            Thread hook = new Thread(() -> stopAndWait(run, ended), "save-on-interrupt");
            Runtime.getRuntime().addShutdownHook(hook);
            long reached = run.run();
            progress.close();
            spec.commandLine().getOut().println(out + ": at step " + reached);
            return 0;
        } finally {
            ended.countDown();
        }
    }

    /// Runs while the process shuts down, after Ctrl-C or SIGTERM: the step under way is finished
    /// and saved.
    private static void stopAndWait(TrainingRun run, CountDownLatch ended) {
        run.stop();
        try {
            boolean _ = ended.await(10, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
