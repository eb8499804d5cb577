package org.dit4j.train;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Grid;
import org.dit4j.data.PictureFile;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.pipeline.BilingualNetwork;
import org.dit4j.pipeline.BilingualPrompts;
import org.dit4j.pipeline.GenerationDefaults;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.TextToImagePipeline;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.FrozenEncoders;
import tools.jackson.databind.node.ObjectNode;

/// Trains a [BilingualNetwork] on latents and the captions of the pictures (Li et al. 2024,
/// arXiv:2405.08748; Tencent/HunyuanDiT, `hydit/train_deepspeed.py`).
final class TextTask implements TrainingTask {
    private final TextToImagePipeline pipeline;
    private final BilingualNetwork network;
    private final LatentBuckets latents;
    private final CaptionIndex captions;
    private final TextCache texts;
    private final DenoisingLoss loss;
    private final RunConfig.TextRun run;

    private TextTask(
            TextToImagePipeline pipeline,
            BilingualNetwork network,
            LatentBuckets latents,
            CaptionIndex captions,
            TextCache texts,
            RunConfig.TextRun run) {
        this.pipeline = pipeline;
        this.network = network;
        this.latents = latents;
        this.captions = captions;
        this.texts = texts;
        this.loss = DenoisingLoss.of(run.objective(), network.learnSigma());
        this.run = run;
    }

    /// Opens the task that a configuration describes.
    static TextTask open(RunConfig.TextRun run, Device device, TrainingListener listener) {
        Path cache = Path.of(run.latentCache());
        TrainingPictures pictures = TrainingPictures.read(run.data(), listener);
        CaptionIndex captions = CaptionIndex.of(pictures, run.captions());
        AutoencoderKl autoencoder =
                AutoencoderKl.load(
                        Path.of(run.autoencoder()), LoadOptions.inference().withDevice(device));
        BilingualNetwork network = network(run, autoencoder, device);
        var encoders = new FrozenEncoders(BilingualPrompts.ENCODERS);
        TextCache texts = TextCache.open(cache, network.textLength(), captions.texts(), listener);
        LatentBuckets latents = LatentBuckets.open(cache, autoencoder, pictures, run, listener);
        var samples = run.samples();
        var pipeline =
                new TextToImagePipeline(
                        new TextToImagePipeline.Parts(
                                new BilingualPrompts(network, encoders),
                                autoencoder,
                                run.objective().sampling()),
                        new GenerationDefaults(
                                samples.sampler(), samples.steps(), samples.guidance()));
        return new TextTask(pipeline, network, latents, captions, texts, run);
    }

    private static BilingualNetwork network(
            RunConfig.TextRun run, AutoencoderKl autoencoder, Device device) {
        ConfigException.require(
                run.model() instanceof ObjectNode,
                "model must be an object with the arguments of the network");
        var json = (ObjectNode) run.model().deepCopy();
        json.put("input_size", run.data().size() / autoencoder.downsampling());
        json.put("in_channels", autoencoder.latentChannels());
        if (run.init().isEmpty()) {
            try (var rng = Rng.seeded(run.trainer().seed())) {
                return BilingualNetwork.of(
                        json, "model", ParameterSource.initialising(rng, Dtype.FLOAT32, device));
            }
        }
        Path folder = Path.of(run.init()).resolve("transformer");
        return BilingualNetwork.load(
                folder, json, "model", LoadOptions.training().withDevice(device));
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
        BilingualStates conditions = texts.take(captions.draw(examples, rng)).on(device);
        return Ops.autocast(
                run.precision().dtype(),
                device,
                () -> {
                    DenoisingLoss.Drawn drawn =
                            loss.of((x, t) -> network.forward(x, t, conditions), x0, rng);
                    Tensor mean = drawn.terms().loss().mean();
                    Ops.mul(mean, weight).backward();
                    return drawn.report(mean);
                });
    }

    /// A row of pictures for each prompt.
    @Override
    public void sample(Path png) {
        var samples = run.samples();
        var request =
                GenerationRequest.of(samples.prompts().toArray(String[]::new))
                        .withCount(samples.perPrompt());
        PictureFile.write(png, Grid.of(pipeline.generate(request), samples.perPrompt()));
    }

    /// Writes a pipeline, see [Pipelines].
    @Override
    public void export(Path folder) {
        Pipelines.save(pipeline, folder);
    }

    @Override
    public void close() {
        try (latents;
                texts;
                pipeline) {
            return;
        }
    }
}
