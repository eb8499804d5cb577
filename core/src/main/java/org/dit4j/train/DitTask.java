package org.dit4j.train;

import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.checkpoint.TorchArchive;
import org.dit4j.data.Grid;
import org.dit4j.data.PictureFile;
import org.dit4j.model.Dit;
import org.dit4j.model.DitConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.pipeline.ClassNames;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationDefaults;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.node.ObjectNode;

/// Trains a class-conditional DiT or SiT on latents (DiT, `train.py`; SiT, `train.py`).
final class DitTask implements TrainingTask {
    private final DitPipeline pipeline;
    private final Dit network;
    private final LatentCache latents;
    private final DenoisingLoss loss;
    private final RunConfig.DitRun run;

    private DitTask(
            DitPipeline pipeline, LatentCache latents, DenoisingLoss loss, RunConfig.DitRun run) {
        this.pipeline = pipeline;
        this.network = pipeline.parts().network();
        this.latents = latents;
        this.loss = loss;
        this.run = run;
    }

    /// Opens the task that a configuration describes.
    static DitTask open(RunConfig.DitRun run, Device device, TrainingListener listener) {
        TrainingPictures pictures = TrainingPictures.read(run.data(), listener);
        AutoencoderKl autoencoder =
                AutoencoderKl.load(
                        Path.of(run.autoencoder()), LoadOptions.inference().withDevice(device));
        LatentCache latents =
                LatentCache.open(Path.of(run.latentCache()), autoencoder, pictures, listener);
        Dit network = network(run, config(run, autoencoder, pictures), device);
        var parts =
                new DitPipeline.Parts(
                        network,
                        autoencoder,
                        run.objective().sampling(),
                        new ClassNames(pictures.classes()));
        var samples = run.samples();
        var defaults =
                new GenerationDefaults(samples.sampler(), samples.steps(), samples.guidance());
        var pipeline = new DitPipeline(parts, defaults);
        samples.classes().forEach(parts.classes()::id);
        return new DitTask(
                pipeline,
                latents,
                DenoisingLoss.of(run.objective(), network.config().learnSigma()),
                run);
    }

    private static Dit.Config config(
            RunConfig.DitRun run, AutoencoderKl autoencoder, TrainingPictures pictures) {
        ConfigException.require(
                run.model() instanceof ObjectNode,
                "model must be an object with the arguments of the network");
        var json = (ObjectNode) run.model().deepCopy();
        int f = autoencoder.downsampling();
        ConfigException.require(
                run.data().size() % f == 0,
                "data.size %d must be divisible by %d, the downsampling of the autoencoder",
                run.data().size(),
                f);
        json.put("input_size", run.data().size() / f);
        json.put("in_channels", autoencoder.latentChannels());
        json.put("num_classes", pictures.classes().size());
        return DitConfigs.parse(json, "model");
    }

    private static Dit network(RunConfig.DitRun run, Dit.Config config, Device device) {
        if (run.init().isEmpty()) {
            try (var rng = Rng.seeded(run.trainer().seed())) {
                return new Dit(ParameterSource.initialising(rng, Dtype.FLOAT32, device), config);
            }
        }
        return Checkpoints.load(
                Path.of(run.init()).resolve("transformer"),
                LoadOptions.training().withDevice(device),
                source -> new Dit(source, config));
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public int size() {
        return latents.size();
    }

    @Override
    public double[] weights() {
        return latents.weights();
    }

    @Override
    public BatchLoss backward(int[] examples, Rng rng, double weight) {
        Device device = parameters().device();
        Tensor x0 = Ops.to(latents.latents(examples, rng), device); // [B, C, H, W]
        Tensor y = latents.labels(examples);
        return Ops.autocast(
                run.precision().dtype(),
                device,
                () -> {
                    Forward forward = forward();
                    DenoisingLoss.Drawn drawn =
                            loss.of((x, t) -> forward.predict(x, t, dropped(y, rng)), x0, rng);
                    Tensor mean = drawn.terms().loss().mean();
                    Ops.mul(mean, weight).backward();
                    forward.backward();
                    return drawn.report(mean);
                });
    }

    /// The network's forward pass, and what its backward pass needs besides autograd.
    private interface Forward {
        Tensor predict(Tensor x, Tensor t, Tensor y);

        default void backward() {}
    }

    private Forward forward() {
        if (!run.activationCheckpointing()) {
            return network::forward;
        }
        var pass = new Recomputation(network);
        return new Forward() {
            @Override
            public Tensor predict(Tensor x, Tensor t, Tensor y) {
                return pass.forward(x, t, y);
            }

            @Override
            public void backward() {
                pass.backward();
            }
        };
    }

    /// Replaces labels by "no class" with the probability of the configuration (DiT, `models.py`,
    /// `LabelEmbedder.token_drop`).
    private Tensor dropped(Tensor y, Rng rng) {
        double p = network.config().classDropoutProb();
        if (p == 0) {
            return y;
        }
        Tensor drop = Ops.lessThan(rng.uniform(y.size(0)), p);
        Tensor none = Tensors.full(network.config().nullLabel(), Dtype.INT64, y.size(0));
        return Ops.where(drop, none, y);
    }

    /// A row of pictures for each class.
    @Override
    public void sample(Path png) {
        var samples = run.samples();
        var request =
                GenerationRequest.ofClasses(samples.classes().toArray(String[]::new))
                        .withCount(samples.perClass());
        PictureFile.write(png, Grid.of(pipeline.generate(request), samples.perClass()));
    }

    /// Writes a pipeline, see [Pipelines], and beside it `dit.pt`, which the original code opens
    /// (DiT, `download.py`, `find_model` takes the entry `ema`).
    @Override
    public void export(Path folder) {
        Pipelines.save(pipeline, folder);
        StateDict weights = StateDict.of(network.parameters().all(), Map.of());
        TorchArchive.write(folder.resolve("dit.pt"), Map.of("ema", weights));
    }

    @Override
    public void close() {
        try (latents;
                pipeline) {
            return;
        }
    }
}
