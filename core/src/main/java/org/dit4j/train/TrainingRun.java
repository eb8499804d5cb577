package org.dit4j.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.TensorScope;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A training run and its folder:
///
/// ```
/// config.json       the configuration, as it was understood
/// metrics.jsonl     a line each log_every steps; tensorboard/ has the same
/// samples/          pictures made with the averaged weights
/// checkpoints/      what --resume goes on from
/// model/            the averaged weights as they are used: after the last step, or after a stop
/// ```
///
/// One process at a time can hold a folder. Runs on the thread that calls [#run]; only [#stop] may
/// be called from another.
public final class TrainingRun implements AutoCloseable {
    /// What may change between two parts of a run without changing its numbers.
    private static final List<String> HARMLESS = List.of("log_every", "save_every", "sample_every");

    private final FileChannel lock;
    private final TrainingTask task;
    private final Trainer trainer;
    private final long resumedAt;

    private TrainingRun(FileChannel lock, TrainingTask task, Trainer trainer, long resumedAt) {
        this.lock = lock;
        this.task = task;
        this.trainer = trainer;
        this.resumedAt = resumedAt;
    }

    /// Opens a run: reads the configuration, the pictures, and the newest checkpoint.
    ///
    /// @param config the JSON file of a [RunConfig]
    /// @param folder of the run, made if needed
    /// @param resume whether to go on from the newest checkpoint of the folder, if there is one
    /// @throws ConfigException if the configuration is wrong, or the folder holds a run already and
    ///   `resume` is false, or another process trains in it
    /// @throws TrainingException if the checkpoint belongs to another configuration
    public static TrainingRun open(
            Path config, Path folder, boolean resume, TrainingListener listener) {
        return open(config, folder, resume, Device.CPU, listener);
    }

    /// The same on a device, which may be another one when a run is resumed: checkpoints are the
    /// same, but each device rounds in its own way. Examples and noise are drawn on the CPU.
    public static TrainingRun open(
            Path config, Path folder, boolean resume, Device device, TrainingListener listener) {
        RunConfig run = JsonFile.read(config, RunConfig.class);
        ConfigException.require(
                resume || TrainState.newest(folder).isEmpty(),
                "%s holds a training run already: continue it with --resume, or take another folder",
                folder);
        FileChannel lock = lock(folder);
        TrainingTask task = null;
        Trainer trainer = null;
        boolean done = false;
        try {
            task = task(run, device, listener);
            trainer = new Trainer(task, run.trainer(), folder, fingerprint(run), listener);
            if (resume && !trainer.resume()) {
                listener.note("%s holds no checkpoint yet: starting anew".formatted(folder));
            }
            JsonFile.write(folder.resolve("config.json"), run);
            done = true;
            return new TrainingRun(lock, task, trainer, trainer.step());
        } finally {
            if (!done) {
                close(trainer, task, lock);
            }
        }
    }

    private static TrainingTask task(RunConfig run, Device device, TrainingListener listener) {
        try (var _ = TensorScope.open()) {
            return switch (run) {
                case RunConfig.AutoencoderRun r -> AutoencoderTask.open(r, device, listener);
                case RunConfig.DitRun r -> DitTask.open(r, device, listener);
                case RunConfig.TextRun r -> TextTask.open(r, device, listener);
                case RunConfig.ClassifierRun r -> ClassifierTask.open(r, device, listener);
            };
        }
    }

    /// Returns the step that the run starts after: 0 for a new one.
    public long resumedAt() {
        return resumedAt;
    }

    /// Trains to the last step, or until [#stop].
    ///
    /// @return the step reached
    /// @throws TrainingException if a number is not finite
    public long run() {
        trainer.run();
        return trainer.step();
    }

    /// Asks the run to save and end after the current step. Safe from any thread.
    public void stop() {
        trainer.stop();
    }

    @Override
    public void close() {
        close(trainer, task, lock);
    }

    private static void close(
            @org.jspecify.annotations.Nullable Trainer trainer,
            @org.jspecify.annotations.Nullable TrainingTask task,
            FileChannel lock) {
        try (lock) {
            if (trainer != null) {
                trainer.close();
            }
            if (task != null) {
                task.close();
            }
        } catch (IOException e) {
            throw new CheckpointException("cannot release the run: " + e.getMessage(), e);
        }
    }

    /// The operating system gives the lock back even if the process is killed.
    private static FileChannel lock(Path folder) {
        Path file = folder.resolve(".lock");
        try {
            Files.createDirectories(folder);
            var channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (tryLock(channel)) {
                return channel;
            }
            channel.close();
        } catch (IOException e) {
            throw CheckpointException.io("write", file, e);
        }
        throw new ConfigException("another process is training in " + folder);
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // held by this very process
            return false;
        }
    }

    /// Identifies everything that the numbers of a run depend on. With a constant learning rate
    /// that does not include the number of steps, so that a finished run can be made longer.
    static String fingerprint(RunConfig run) {
        JsonNode tree = JsonFile.mapper().valueToTree(run);
        var trainer = (ObjectNode) tree.get("trainer");
        trainer.remove(HARMLESS);
        if (run.trainer().schedule() == LearningRate.CONSTANT) {
            trainer.remove("steps");
        }
        ((ObjectNode) tree).remove("samples");
        byte[] text = tree.toString().getBytes(StandardCharsets.UTF_8);
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text);
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
