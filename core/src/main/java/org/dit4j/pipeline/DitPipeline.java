package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Class-conditional generation with DiT or SiT in the latent space of an autoencoder (diffusers,
/// `pipeline_dit.py`; DiT, `sample.py`).
///
/// The noise of all pictures of a request is drawn at once, as the reference does, so a seed gives
/// the same pictures there and here.
public final class DitPipeline implements Pipeline {
    /// What a pipeline is made of; it takes the networks over and closes them.
    ///
    /// @param network predicts
    /// @param autoencoder decodes the latents
    /// @param process what the network was trained on
    /// @param classes names of the classes, at most as many as the network has
    public record Parts(
            Dit network, Autoencoder autoencoder, DiffusionProcess process, ClassNames classes) {
        /// Checks that the parts fit.
        public Parts {
            ConfigException.require(
                    classes.names().size() <= network.config().numClasses(),
                    "there are names for %d classes, but the network has %d",
                    classes.names().size(),
                    network.config().numClasses());
            ConfigException.require(
                    autoencoder.latentChannels() == network.config().inChannels(),
                    "the autoencoder's latents have %d channels, but the network wants %d",
                    autoencoder.latentChannels(),
                    network.config().inChannels());
        }
    }

    /// What a request leaves open.
    ///
    /// @param sampler its name
    /// @param steps of the sampler
    /// @param guidance scale
    public record Defaults(String sampler, int steps, double guidance) {}

    /// How many pictures go through a network at once: more need more memory but no less time.
    private static final int CHUNK = 16;

    private final Parts parts;
    private final Defaults defaults;

    /// Makes a pipeline of its parts.
    public DitPipeline(Parts parts, Defaults defaults) {
        this.parts = parts;
        this.defaults = defaults;
    }

    /// Returns the parts. Borrowed.
    public Parts parts() {
        return parts;
    }

    /// Returns what a request leaves open.
    public Defaults defaults() {
        return defaults;
    }

    @Override
    public ClassNames classes() {
        return parts.classes;
    }

    @Override
    public GenerationRequest resolve(GenerationRequest r) {
        Dit.Config c = parts.network.config();
        int f = parts.autoencoder.downsampling();
        int own = c.inputSize() * f;
        var resolved =
                r.withSteps(r.steps() > 0 ? r.steps() : defaults.steps)
                        .withGuidance(r.guidance() > 0 ? r.guidance() : defaults.guidance)
                        .withSampler(r.sampler().isEmpty() ? defaults.sampler : r.sampler())
                        .withSize(
                                r.width() > 0 ? r.width() : own, r.height() > 0 ? r.height() : own);
        int unit = f * c.patchSize();
        ConfigException.require(
                resolved.width() % unit == 0 && resolved.height() % unit == 0,
                "the size %dx%d must be divisible by %d: the autoencoder makes one latent of %d pixels, the network patches of %d latents",
                resolved.width(),
                resolved.height(),
                unit,
                f,
                c.patchSize());
        r.classes().forEach(parts.classes::id);
        parts.process.sampler(resolved.sampler()).steps(resolved.steps());
        return resolved;
    }

    @Override
    public List<Picture> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(r.seed())) {
            Tensor noise =
                    rng.normal(
                            (long) r.count() * r.classes().size(),
                            parts.network.config().inChannels(),
                            r.height() / parts.autoencoder.downsampling(),
                            r.width() / parts.autoencoder.downsampling());
            Sampler sampler = parts.process.sampler(r.sampler()).steps(r.steps());
            NoiseSource all = NoiseSource.of(rng);
            NoiseSource draws = r.guidance() == 1 ? all : all.firstOfPair();
            SamplerState end =
                    Sampling.run(
                            sampler,
                            denoiser(labels(r), r.guidance()),
                            sampler.start(noise, draws),
                            draws,
                            progress);
            return decode(sampler.done(end) || end.x0() == null ? end.x() : end.x0());
        }
    }

    /// Returns the network as a sampler calls it: labels closed over, guided, a part of the batch
    /// after the other so that memory stays bounded.
    ///
    /// @param y `[B]`, int64
    public Denoiser denoiser(Tensor y, double scale) {
        Guidance guidance = Guidance.of(scale, Guidance.Scope.DATA);
        return (x, t) -> {
            var answers = new ArrayList<Tensor>();
            for (long from = 0; from < x.size(0); from += CHUNK) {
                long n = Math.min(CHUNK, x.size(0) - from);
                Tensor part = x.narrow(0, from, n);
                Tensor time = t.narrow(0, from, n);
                Denoiser one = guided(guidance, y.narrow(0, from, n));
                answers.add(TensorScope.compute(() -> one.predict(part, time)));
            }
            return answers.size() == 1
                    ? answers.getFirst()
                    : Ops.cat(0, answers.toArray(Tensor[]::new));
        };
    }

    private Denoiser guided(Guidance guidance, Tensor y) {
        if (!guidance.active()) {
            return conditional(y);
        }
        Tensor none = Tensors.full(parts.network.config().nullLabel(), Dtype.INT64, y.size(0));
        return guidance.over(conditional(Ops.cat(0, y, none)), conditional(y));
    }

    /// The network in its own precision, the sampler in float32.
    private Denoiser conditional(Tensor y) {
        return (x, t) ->
                Ops.to(
                        parts.network.forward(Ops.to(x, parts.network.dtype()), t, y),
                        Dtype.FLOAT32);
    }

    private Tensor labels(GenerationRequest r) {
        var y = new long[r.classes().size() * r.count()];
        for (int i = 0; i < y.length; i++) {
            y[i] = parts.classes.id(r.classes().get(i / r.count()));
        }
        return Tensors.of(y, y.length);
    }

    private List<Picture> decode(Tensor z) {
        var pictures = new ArrayList<Picture>();
        for (long from = 0; from < z.size(0); from += CHUNK) {
            try (var _ = TensorScope.open()) {
                Tensor part = z.narrow(0, from, Math.min(CHUNK, z.size(0) - from));
                Tensor x = parts.autoencoder.decode(part); // [b, 3, H, W]
                pictures.addAll(Picture.ofBatch(x));
            }
        }
        return List.copyOf(pictures);
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder) {
            return;
        }
    }
}
