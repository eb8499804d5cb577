package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.model.Flux;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.PipelineOptions;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.PromptedNetwork;
import org.dit4j.pipeline.TextToImagePipeline;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import tools.jackson.databind.JsonNode;

/// Whole runs of diffusers' text-to-image pipelines from their folders: `pipelines/sd3`, `flux`,
/// `hunyuandit`, `pixart_sigma`, `lumina`, and those that are given a picture: `sd3_img2img`,
/// `sd3_inpaint`, `sd3_controlnet`.
final class PromptPipelineKind implements CaseKind {
    private static final Set<String> CLASSES =
            Set.of(
                    "StableDiffusion3Pipeline",
                    "StableDiffusion3Img2ImgPipeline",
                    "StableDiffusion3InpaintPipeline",
                    "StableDiffusion3ControlNetPipeline",
                    "FluxPipeline",
                    "HunyuanDiTPipeline",
                    "PixArtAlphaPipeline",
                    "PixArtSigmaPipeline",
                    "LuminaPipeline");

    /// One step of the 256 of a picture, plus a little for values between two.
    static final Tolerance PICTURE = Tolerance.absolute(0.5 / 255 + 1e-5, "a picture has 8 bits");

    /// What is compared on its own, or inside the network's own cases.
    private static final Set<String> OTHER_ARGUMENTS =
            Set.of("hidden_states", "timestep", "arg1", "img_ids");

    @Override
    public boolean accepts(ReferenceCase c) {
        return CLASSES.contains(PipelineRun.family(c));
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var pipeline = (TextToImagePipeline) Pipelines.load(c.modelFolder(), options(c))) {
            for (String id : c.calls()) {
                JsonNode args = c.value(id + ".args");
                var images = new PipelineImages(c, id, pipeline, args);
                var run = new Run(c, id, pipeline, images, args);
                Ops.noGrad(() -> {
                    run.compare(out);
                    return 0;
                });
            }
        }
    }

    private static PipelineOptions options(ReferenceCase c) {
        var options = PipelineOptions.of(c.loading());
        return PipelineImages.controlNet(c).map(options::withControlNet).orElse(options);
    }

    private record Run(
            ReferenceCase c,
            String id,
            TextToImagePipeline pipeline,
            PipelineImages images,
            JsonNode args) {
        void compare(Findings out) {
            GenerationRequest request = request();
            Tensor noise = c.in(id, "noise." + images.noise());
            PromptedNetwork.Prompts prompts = pipeline.encode(request);
            Sampler method = pipeline.sampler(request);
            Sampler sampler = images.run(method, noise);
            List<Tensor> controls = images.controls();
            Denoiser denoiser = pipeline.denoiser(prompts, request, controls);
            images.compare(out);
            NoiseSource draws = common().draws(images.draws());
            SamplerState s = sampler.start(noise, draws);
            first(prompts, s.x(), sampler.timestep(s), out);
            PipelineRun.Steps steps = common().steps(sampler, denoiser, s, draws);
            common().compare(steps, method, straight(), this::packed, out);
            decoded(steps.end(), out);
            if (!images.any()) {
                out.compare(name("images"), pictures(request), PICTURE);
            }
        }

        private PipelineRun common() {
            return new PipelineRun(c, id);
        }

        private GenerationRequest request() {
            return images.applied(common().request()).withExactSize();
        }

        /// The arguments of the first call of the network. Those of a guided batch begin with the
        /// half that has none, but for Lumina.
        private void first(PromptedNetwork.Prompts prompts, Tensor x, double t, Findings out) {
            Tensor given = c.tensor(name("first.hidden_states"));
            int pictures = (int) x.size(0);
            boolean paired = given.size(0) > pictures;
            int negative = args.path("prompt").isArray() ? args.path("prompt").size() : 1;
            var texts = new ArrayList<Integer>();
            IntStream.range(0, pictures).forEach(i -> texts.add(i * negative / pictures));
            List<Integer> none = IntStream.range(0, pictures).mapToObj(i -> negative).toList();
            if (paired) {
                texts.addAll(lumina() ? pictures : 0, none);
            }
            out.compare(name("first.hidden_states"), packed(paired ? Ops.cat(0, x, x) : x));
            compareTime(t, out);
            Map<String, Tensor> arguments = prompts.arguments(texts);
            for (String name : c.names()) {
                String prefix = name("first.");
                if (name.startsWith(prefix)) {
                    String argument = name.substring(prefix.length());
                    if (arguments.containsKey(argument)) {
                        out.compare(name, arguments.get(argument));
                    } else if (argument.startsWith(PipelineImages.RESIDUALS)) {
                        images.compareResidual(name, Ops.cat(0, x, x), t, arguments, out);
                    } else if (argument.equals("img_ids")) {
                        out.compare(name, Flux.grid((int) x.size(2), (int) x.size(3)));
                    } else if (!OTHER_ARGUMENTS.contains(argument)) {
                        out.leaveOut(name);
                    }
                }
            }
        }

        private void compareTime(double t, Findings out) {
            double given =
                    switch (family()) {
                        case "FluxPipeline" -> t / 1000;
                        case "LuminaPipeline" -> 1 - t / 1000;
                        default -> t;
                    };
            common().compareTime(given, out);
        }

        private String family() {
            return PipelineRun.family(c);
        }

        private boolean straight() {
            return family().startsWith("StableDiffusion3")
                    || Set.of("FluxPipeline", "LuminaPipeline").contains(family());
        }

        private boolean lumina() {
            return family().equals("LuminaPipeline");
        }

        /// Flux's reference has tokens where the sampler has latents.
        private Tensor packed(Tensor x) {
            return family().equals("FluxPipeline") ? Flux.pack(x) : x;
        }

        private void decoded(Tensor z, Findings out) {
            var autoencoder = (AutoencoderKl) pipeline.parts().autoencoder();
            var scale = autoencoder.config().scale();
            // the reference's pipeline for inpainting forgets to shift the latents back
            double shift = images.masked() ? 0 : scale.shift();
            Tensor unscaled = Ops.add(Ops.div(z, scale.factor()), shift);
            out.compare(name("vae_decode_in.0"), unscaled, sensitive("last latents"));
            Tensor x = autoencoder.decode(scale.apply(unscaled)); // [B, 3, H, W]
            Tensor images = Ops.clamp(Ops.add(Ops.mul(x, 0.5), 0.5), 0, 1);
            out.compare(name("images"), images, sensitive("result"));
        }

        private Tensor pictures(GenerationRequest request) {
            return Ops.stack(
                    0,
                    pipeline.generate(request).stream()
                            .map(p ->
                                    Ops.div(Ops.to(p.tensor(), Dtype.FLOAT32), 255)
                                            .permute(2, 0, 1))
                            .toList());
        }

        private Tolerance sensitive(String of) {
            return common().sensitive(of);
        }

        private String name(String output) {
            return common().name(output);
        }
    }
}
