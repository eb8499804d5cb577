package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.RunDenoiser;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SdEdit;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.tensor.Turn;
import org.jspecify.annotations.Nullable;

/// What all pipelines of pictures share once their prompts have become conditions: noise, what is
/// given of pictures, decoding.
///
/// The noise of all pictures of a request is drawn at once, as the reference does, so a seed gives
/// the same pictures there and here.
///
/// @param autoencoder decodes the latents
/// @param process what the network was trained on
/// @param network what it needs
/// @param defaults what a request leaves open
record LatentDiffusion(
        Autoencoder autoencoder,
        DiffusionProcess process,
        LatentNetwork network,
        GenerationDefaults defaults) {
    /// Returns the request with nothing left open.
    ///
    /// @throws ConfigException if the size does not divide or the sampler is not there
    GenerationRequest resolve(GenerationRequest r) {
        int f = autoencoder.downsampling();
        int own = network.latents().side() * f;
        ConfigException.require(
                r.clip().equals(Clip.OPEN) && r.given().frames() == null,
                "a model of pictures takes no frames and no seconds");
        GenerationRequest resolved =
                defaults.fill(r)
                        .withSize(
                                r.width() > 0 ? r.width() : own, r.height() > 0 ? r.height() : own);
        GenerationRequest drawn = drawn(resolved);
        int unit = f * network.latents().unit();
        ConfigException.require(
                drawn.width() % unit == 0 && drawn.height() % unit == 0,
                "the size %dx%d must be divisible by %d: the autoencoder makes one latent of %d pixels, the network takes multiples of %d latents",
                drawn.width(),
                drawn.height(),
                unit,
                f,
                network.latents().unit());
        requirePictures(drawn, sampler(drawn));
        return resolved;
    }

    /// Returns a resolved request in the size in which its pictures are drawn.
    GenerationRequest drawn(GenerationRequest r) {
        if (!network.binned() || r.size().exact()) {
            return r;
        }
        return SizeBins.of(network.latents().side() * autoencoder.downsampling())
                .map(bins -> bins.nearest(r))
                .orElse(r);
    }

    /// Fails at once if the pictures that a request brings along cannot be used.
    private void requirePictures(GenerationRequest r, Sampler method) {
        int nets = network.controls().size();
        int given = r.given().controls().size();
        ConfigException.require(given == 0 || nets > 0, "a control picture needs a ControlNet");
        ConfigException.require(
                given == nets,
                "this model has %d ControlNets: give it as many control pictures, not %d",
                nets,
                given);
        InitImage init = r.given().init();
        if (init != null) {
            try (var _ = TensorScope.open()) {
                Tensor one = Tensors.zeros(Dtype.FLOAT32, 1);
                int first = SdEdit.firstStep(r.steps(), init.strength());
                method.noised(one, one, method.callsBefore(first));
            }
        }
    }

    /// Generates the pictures of a resolved request.
    ///
    /// @param conditioned gives the network, with the latents of the control pictures closed over
    List<Picture> generate(
            GenerationRequest resolved,
            Function<List<Tensor>, LatentSampling.Conditioned> conditioned,
            Progress progress) {
        GenerationRequest r = drawn(resolved);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(r.seed())) {
            // in this order the reference draws
            LatentSampling.Conditioned steered = conditioned.apply(controls(r));
            Tensor data = start(r, rng); // [1, C, h, w] or null
            Tensor noise = noise(r, rng); // [B, C, h, w]
            Sampler sampler = sampler(r);
            if (data != null) {
                sampler = from(r, sampler, data.expand_as(noise), noise, rng);
            }
            RunDenoiser denoiser = denoiser(steered, r);
            Tensor z = sampling().run(r, sampler, denoiser, noise, rng, progress);
            return decode(z, resolved.width(), resolved.height());
        }
    }

    private Tensor noise(GenerationRequest r, Rng rng) {
        int f = autoencoder.downsampling();
        Tensor drawn =
                rng.normal(
                        r.pictures(), autoencoder.latentChannels(), r.height() / f, r.width() / f);
        return there(drawn);
    }

    /// The latents of the control pictures, each `[2 B, C, h, w]` with guidance, the unconditional
    /// half first. The reference draws them from Python's global generator, so the noise of the
    /// sampling is the same with and without a control picture.
    private List<Tensor> controls(GenerationRequest r) {
        int rows = r.pictures() * (guided(r) ? 2 : 1);
        var all = new ArrayList<Tensor>();
        try (var rng = Rng.seeded(r.seed())) {
            for (int i = 0; i < r.given().controls().size(); i++) {
                Picture picture = r.given().controls().get(i).picture();
                Tensor x = there(InitImage.pixels(picture, r.width(), r.height()));
                Tensor batch = x.expand(rows, -1, -1, -1);
                all.add(network.controls().get(i).latents(autoencoder, batch, rng));
            }
        }
        return all;
    }

    /// The latents of the picture that the request starts from.
    private @Nullable Tensor start(GenerationRequest r, Rng rng) {
        InitImage init = r.given().init();
        return init == null
                ? null
                : autoencoder.encode(there(init.pixels(r.width(), r.height())), rng);
    }

    /// What is drawn or read on the CPU goes to the device of the networks.
    private Tensor there(Tensor x) {
        return Ops.to(x, autoencoder.device());
    }

    private Sampler from(GenerationRequest r, Sampler method, Tensor data, Tensor noise, Rng rng) {
        InitImage init = Objects.requireNonNull(r.given().init());
        Tensor mask = init.latentMask(r.width(), r.height(), autoencoder.downsampling());
        if (mask != null && autoencoder instanceof AutoencoderKl) {
            // the reference encodes what is kept too, for networks that take it as an input
            rng.normal(1, data.size(1), data.size(2), data.size(3));
        }
        int first = SdEdit.firstStep(r.steps(), init.strength());
        return new SdEdit(method, data, noise, first, mask);
    }

    Sampler sampler(GenerationRequest r) {
        int f = autoencoder.downsampling();
        return sampling().sampler(r, network.tokens(r.height() / f, r.width() / f));
    }

    /// Returns the network as a sampler calls it without a cache, see [LatentSampling#denoiser].
    Denoiser denoiser(LatentSampling.Conditioned conditioned, Guide guide) {
        return LatentSampling.denoiser(conditioned, sampling().guidance(guide));
    }

    /// Returns the network as the sampler of a request's run calls it.
    RunDenoiser denoiser(LatentSampling.Conditioned conditioned, GenerationRequest r) {
        return LatentSampling.denoiser(
                conditioned, sampling().guidance(r.guide()), r.caching(), LatentSampling.CHUNK);
    }

    /// Returns whether a request also needs what the network says of the negative prompt.
    boolean guided(GenerationRequest r) {
        return sampling().guidance(r.guide()).active();
    }

    private LatentSampling sampling() {
        return new LatentSampling(process, network);
    }

    private List<Picture> decode(Tensor z, int width, int height) {
        var pictures = new ArrayList<Picture>();
        for (long from = 0; from < z.size(0); from += LatentSampling.CHUNK) {
            try (var _ = TensorScope.open()) {
                Tensor part = z.narrow(0, from, Math.min(LatentSampling.CHUNK, z.size(0) - from));
                Tensor x = Turn.take(() -> autoencoder.decode(part)); // [b, 3, H, W]
                pictures.addAll(Picture.ofBatch(SizeBins.cover(x, width, height)));
            }
        }
        return List.copyOf(pictures);
    }
}
