package org.dit4j.train;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;

/// The training loop: batches in a seeded order, accumulated gradients, clipping, a step, averaged
/// weights, metrics, samples, checkpoints.
///
/// A run that is killed and resumed gives the same bits as one that was not: the checkpoint holds
/// weights, averages, moments and the generator's state, and the order of the examples is a
/// function of seed and step alone.
///
/// Runs on the thread that calls [#run]; only [#stop] may be called from another.
public final class Trainer implements AutoCloseable {
    private final TrainingTask task;
    private final TrainerOptions options;
    private final Path run;
    private final String fingerprint;
    private final TrainingListener listener;
    private final Optimizer optimizer;
    private final Ema ema;
    private final ExampleOrder order;
    private Rng rng;
    private long step;
    private volatile boolean stopping;

    /// Prepares a new run.
    ///
    /// @param run folder of the run
    /// @param fingerprint identifies the configuration: a checkpoint of another one is refused
    public Trainer(
            TrainingTask task,
            TrainerOptions options,
            Path run,
            String fingerprint,
            TrainingListener listener) {
        this.task = task;
        this.options = options;
        this.run = run;
        this.fingerprint = fingerprint;
        this.listener = listener;
        this.optimizer = options.optimizer().of(task.parameters(), options.adamW());
        this.ema = new Ema(task.parameters());
        this.rng = Rng.seeded(options.seed());
        this.order = new ExampleOrder(options.seed(), task.weights());
        if (task.size() < 1) {
            throw new TrainingException("there are no examples to train with");
        }
    }

    /// Goes on from the newest checkpoint of the run.
    ///
    /// @return whether there was one
    /// @throws TrainingException if it belongs to another configuration
    public boolean resume() {
        var newest = TrainState.newest(run);
        if (newest.isEmpty()) {
            return false;
        }
        try (var _ = TensorScope.open();
                StateDict state = StateDict.open(newest.get())) {
            String theirs = state.metadata().getOrDefault("fingerprint", "none");
            if (!theirs.equals(fingerprint)) {
                throw new TrainingException(
                        "%s was written with another configuration (%s, now %s): use the same one, or a new folder"
                                .formatted(newest.get(), theirs, fingerprint));
            }
            step = Long.parseLong(state.metadata().getOrDefault("step", "0"));
            Ops.noGrad(() -> {
                task.parameters()
                        .all()
                        .forEach((name, w) -> w.copy_(state.tensor("model." + name)));
                ema.restore(state);
                optimizer.restore(state, step);
                return 0;
            });
            rng.close();
            rng = Rng.restored(state.tensor("rng").clone());
        }
        return true;
    }

    /// Returns the number of steps made so far.
    public long step() {
        return step;
    }

    /// Returns the averaged weights. Borrowed.
    public Map<String, Tensor> averagedWeights() {
        return ema.weights();
    }

    /// Asks the loop to save and end after the current step. Safe from any thread.
    public void stop() {
        stopping = true;
    }

    /// Trains until all steps are made or [#stop] is called, and saves at the end.
    ///
    /// @throws TrainingException if a number is not finite, with the name of the first bad tensor
    ///   and the step; the checkpoints on disk stay as they are
    public void run() {
        try (var metrics = new Metrics(run, step)) {
            var speed = new Speed();
            long saved = -1;
            while (step < options.steps() && !stopping) {
                double loss;
                try (var _ = TensorScope.open()) {
                    loss = oneStep(metrics, speed);
                }
                listener.step(step, options.steps(), loss, speed.examplesPerSecond());
                if (step % options.saveEvery() == 0) {
                    save();
                    saved = step;
                }
                if (options.sampleEvery() > 0 && step % options.sampleEvery() == 0) {
                    sample(metrics);
                }
            }
            if (saved != step) {
                save();
            }
            export();
        }
    }

    private double oneStep(Metrics metrics, Speed speed) {
        double loss = 0;
        for (int i = 0; i < options.accumulation(); i++) {
            int[] batch = batch(step * options.accumulation() + i);
            try (var _ = TensorScope.open()) {
                TrainingTask.BatchLoss result =
                        task.backward(batch, rng, 1.0 / options.accumulation());
                loss += result.terms().getOrDefault("loss", Double.NaN) / options.accumulation();
                metrics.add(result);
            }
        }
        double norm = optimizer.clip(options.clipNorm());
        requireFinite(loss, norm);
        step++;
        double rate =
                options.schedule()
                        .at(step, options.steps(), options.warmupSteps(), options.learningRate());
        optimizer.step(rate);
        ema.update(options.emaDecayAt(step));
        speed.add((long) options.batchSize() * options.accumulation());
        if (step % options.logEvery() == 0 || step == options.steps()) {
            var more = new LinkedHashMap<String, Double>();
            more.put("learning_rate", rate);
            more.put("gradient_norm", norm);
            more.put("examples_per_second", speed.examplesPerSecond());
            metrics.write(step, more);
        }
        return loss;
    }

    /// Returns the examples of micro-batch `number`: the shuffled epochs laid end to end.
    private int[] batch(long number) {
        var batch = new int[options.batchSize()];
        for (int i = 0; i < batch.length; i++) {
            batch[i] = order.at(number * batch.length + i);
        }
        return batch;
    }

    private void requireFinite(double loss, double norm) {
        if (Double.isFinite(loss) && Double.isFinite(norm)) {
            return;
        }
        String where =
                firstBad(task.parameters().all(), "parameter ")
                        .or(() ->
                                Double.isFinite(loss)
                                        ? java.util.Optional.empty()
                                        : java.util.Optional.of("the loss"))
                        .or(() -> firstBad(optimizer.gradients(), "the gradient of "))
                        .orElse("the norm of the gradients");
        throw new TrainingException(
                "step %d: %s is not finite; training stopped, the checkpoints are as they were (a lower learning rate, gradient clipping or qk_norm may help)"
                        .formatted(step + 1, where));
    }

    private static java.util.Optional<String> firstBad(Map<String, Tensor> tensors, String what) {
        return tensors.entrySet().stream()
                .filter(e -> e.getValue().defined() && !Ops.isFinite(e.getValue()))
                .map(e -> what + e.getKey())
                .findFirst();
    }

    /// Writes a checkpoint now.
    public void save() {
        try (var _ = TensorScope.open()) {
            var state = new LinkedHashMap<String, Tensor>();
            task.parameters().all().forEach((name, w) -> state.put("model." + name, w.detach()));
            ema.save(state);
            optimizer.save(state);
            state.put("rng", rng.state());
            listener.wrote("checkpoint", TrainState.write(run, step, fingerprint, state));
        }
    }

    private void sample(Metrics metrics) {
        Path png = run.resolve("samples").resolve("step-%08d.png".formatted(step));
        ema.during(() -> {
            task.sample(png);
            Map<String, Double> measured = task.measure();
            if (!measured.isEmpty()) {
                metrics.write(step, measured);
            }
        });
        listener.wrote("samples", png);
    }

    private void export() {
        Path folder = run.resolve("model");
        ema.during(() -> task.export(folder));
        listener.wrote("model", folder);
    }

    @Override
    public void close() {
        optimizer.close();
        ema.close();
        rng.close();
    }

    /// Examples per second over the last steps, forgetting slowly.
    private static final class Speed {
        private long last = System.nanoTime();
        private double seconds;
        private double examples;

        void add(long count) {
            long now = System.nanoTime();
            seconds = 0.95 * seconds + (now - last) / 1e9;
            examples = 0.95 * examples + count;
            last = now;
        }

        double examplesPerSecond() {
            return seconds > 0 ? examples / seconds : 0;
        }
    }
}
