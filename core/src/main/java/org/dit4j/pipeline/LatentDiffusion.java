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
        int own = network.inputSize() * f;
        ConfigException.require(
                r.clip().equals(Clip.OPEN), "a model of pictures takes no frames and no seconds");
        GenerationRequest resolved =
                defaults.fill(r)
                        .withSize(
                                r.width() > 0 ? r.width() : own, r.height() > 0 ? r.height() : own);
        int unit = f * network.unit();
        ConfigException.require(
                resolved.width() % unit == 0 && resolved.height() % unit == 0,
                "the size %dx%d must be divisible by %d: the autoencoder makes one latent of %d pixels, the network takes multiples of %d latents",
                resolved.width(),
                resolved.height(),
                unit,
                f,
                network.unit());
        requirePictures(resolved, sampler(resolved));
        return resolved;
    }

    /// Fails at once if the pictures that a request brings along cannot be used.
    private void requirePictures(GenerationRequest r, Sampler method) {
        ConfigException.require(
                (r.given().control() == null) == (network.control() == ControlLatents.NONE),
                r.given().control() == null
                        ? "this model has a ControlNet: give it a control picture"
                        : "a control picture needs a ControlNet");
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
    /// @param conditioned gives the network, with the latents of a control picture closed over,
    ///   which are null if there is none
    List<Picture> generate(
            GenerationRequest r,
            Function<@Nullable Tensor, LatentSampling.Conditioned> conditioned,
            Progress progress) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(r.seed())) {
            // in this order the reference draws
            LatentSampling.Conditioned steered = conditioned.apply(control(r));
            Tensor data = start(r, rng); // [1, C, h, w] or null
            Tensor noise = noise(r, rng); // [B, C, h, w]
            Sampler sampler = sampler(r);
            if (data != null) {
                sampler = from(r, sampler, data.expand_as(noise), noise, rng);
            }
            Denoiser denoiser = denoiser(steered, r.guide());
            return decode(sampling().run(r, sampler, denoiser, noise, rng, progress));
        }
    }

    private Tensor noise(GenerationRequest r, Rng rng) {
        int f = autoencoder.downsampling();
        Tensor drawn =
                rng.normal(
                        r.pictures(), autoencoder.latentChannels(), r.height() / f, r.width() / f);
        return there(drawn);
    }

    /// The latents of the control picture, `[2 B, C, h, w]` with guidance, the unconditional half
    /// first; null if there is none. The reference draws them from Python's global generator, so
    /// the noise of the sampling is the same with and without a control picture.
    private @Nullable Tensor control(GenerationRequest r) {
        ControlImage control = r.given().control();
        if (control == null) {
            return null;
        }
        int rows = r.pictures() * (sampling().guidance(r.guide()).active() ? 2 : 1);
        Tensor x = there(InitImage.pixels(control.picture(), r.width(), r.height()));
        try (var rng = Rng.seeded(r.seed())) {
            return network.control().latents(autoencoder, x.expand(rows, -1, -1, -1), rng);
        }
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

    /// Returns the network as a sampler calls it, see [LatentSampling#denoiser].
    Denoiser denoiser(LatentSampling.Conditioned conditioned, Guide guide) {
        return LatentSampling.denoiser(conditioned, sampling().guidance(guide));
    }

    private LatentSampling sampling() {
        return new LatentSampling(process, network);
    }

    private List<Picture> decode(Tensor z) {
        var pictures = new ArrayList<Picture>();
        for (long from = 0; from < z.size(0); from += LatentSampling.CHUNK) {
            try (var _ = TensorScope.open()) {
                Tensor part = z.narrow(0, from, Math.min(LatentSampling.CHUNK, z.size(0) - from));
                Tensor x = Turn.take(() -> autoencoder.decode(part)); // [b, 3, H, W]
                pictures.addAll(Picture.ofBatch(x));
            }
        }
        return List.copyOf(pictures);
    }
}
