package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.LeveledSampler;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.model.Flux;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Guide;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.PromptedNetwork;
import org.dit4j.pipeline.TextToImagePipeline;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.JsonNode;

/// Whole runs of diffusers' text-to-image pipelines from their folders: `pipelines/sd3`, `flux`,
/// `hunyuandit`, `pixart_sigma`, `lumina`.
final class PromptPipelineKind implements CaseKind {
    private static final Set<String> CLASSES =
            Set.of(
                    "StableDiffusion3Pipeline",
                    "FluxPipeline",
                    "HunyuanDiTPipeline",
                    "PixArtAlphaPipeline",
                    "PixArtSigmaPipeline",
                    "LuminaPipeline");

    /// One step of the 256 of a picture, plus a little for values between two.
    private static final Tolerance PICTURE =
            Tolerance.absolute(0.5 / 255 + 1e-5, "a picture has 8 bits");

    /// What is compared on its own, or inside the network's own cases.
    private static final Set<String> OTHER_ARGUMENTS =
            Set.of("hidden_states", "timestep", "arg1", "img_ids");

    @Override
    public boolean accepts(ReferenceCase c) {
        return CLASSES.contains(c.json().path("about").asString("").split(":", 2)[0]);
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var pipeline = (TextToImagePipeline) Pipelines.load(c.modelFolder())) {
            for (String id : c.calls()) {
                var run = new Run(c, id, pipeline, c.value(id + ".args"));
                Ops.noGrad(() -> {
                    run.compare(out);
                    return 0;
                });
            }
        }
    }

    private record Run(ReferenceCase c, String id, TextToImagePipeline pipeline, JsonNode args) {
        void compare(Findings out) {
            GenerationRequest request = request();
            Tensor noise = c.in(id, "noise.0");
            PromptedNetwork.Prompts prompts = pipeline.encode(request);
            Sampler sampler = pipeline.sampler(request);
            Denoiser denoiser = pipeline.denoiser(prompts, request);
            NoiseSource draws = draws();
            SamplerState s = sampler.start(noise, draws);
            first(prompts, s.x(), sampler.timestep(s), out);
            var times = new ArrayList<Double>();
            var answers = new ArrayList<Tensor>();
            var latents = new ArrayList<Tensor>();
            while (!sampler.done(s)) {
                times.add(sampler.timestep(s));
                Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, noise.size(0));
                Tensor answer = denoiser.predict(s.x(), t);
                answers.add(packed(answer));
                s = sampler.next(s, answer, draws);
                latents.add(packed(s.x()));
            }
            double[] visited = times.stream().mapToDouble(Double::doubleValue).toArray();
            out.compare(name("timesteps"), Tensors.of(visited, visited.length));
            out.compare(name("model_output"), Ops.stack(0, answers));
            out.compare(name("latents"), Ops.stack(0, latents), sensitive("last latents"));
            if (sampler instanceof LeveledSampler solver && c.has(name("sigmas"))) {
                out.compare(name("sigmas"), SchedulersKind.sigmas(solver, !straight()));
            }
            decoded(s.x(), out);
            out.compare(name("images"), pictures(request), PICTURE);
        }

        private GenerationRequest request() {
            JsonNode prompt = args.path("prompt");
            String[] prompts =
                    prompt.isArray()
                            ? IntStream.range(0, prompt.size())
                                    .mapToObj(i -> prompt.path(i).asString())
                                    .toArray(String[]::new)
                            : new String[] {prompt.asString()};
            var guide =
                    Guide.DEFAULT
                            .withScale(args.path("guidance_scale").asDouble())
                            .withNegative(args.path("negative_prompt").asString(""))
                            .withRescale(args.path("guidance_rescale").asDouble(0))
                            .withTrueScale(args.path("true_cfg_scale").asDouble(1));
            return GenerationRequest.of(prompts)
                    .withGuide(guide)
                    .withCount(args.path("num_images_per_prompt").asInt(1))
                    .withSize(args.path("width").asInt(), args.path("height").asInt())
                    .withSteps(args.path("num_inference_steps").asInt())
                    .withTextTokens(args.path("max_sequence_length").asInt(0))
                    .withSeed(c.value(id + ".seed").asLong());
        }

        private NoiseSource draws() {
            var draws = new ArrayList<Tensor>();
            for (int i = 1; c.hasIn(id, "noise." + i); i++) {
                draws.add(c.in(id, "noise." + i));
            }
            return draws.isEmpty() ? NoiseSource.NONE : NoiseSource.replay(Ops.stack(0, draws));
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
            compareTime(t, texts.size(), out);
            Map<String, Tensor> arguments = prompts.arguments(texts);
            for (String name : c.names()) {
                String prefix = name("first.");
                if (name.startsWith(prefix)) {
                    String argument = name.substring(prefix.length());
                    if (arguments.containsKey(argument)) {
                        out.compare(name, arguments.get(argument));
                    } else if (argument.equals("img_ids")) {
                        out.compare(name, Flux.grid((int) x.size(2), (int) x.size(3)));
                    } else if (!OTHER_ARGUMENTS.contains(argument)) {
                        out.leaveOut(name);
                    }
                }
            }
        }

        private void compareTime(double t, int batch, Findings out) {
            String name = name(c.has(name("first.timestep")) ? "first.timestep" : "first.arg1");
            double given =
                    switch (family()) {
                        case "FluxPipeline" -> t / 1000;
                        case "LuminaPipeline" -> 1 - t / 1000;
                        default -> t;
                    };
            Dtype dtype = Dtype.of(c.tensor(name));
            out.compare(name, Ops.to(Tensors.full(given, Dtype.FLOAT64, batch), dtype));
        }

        private String family() {
            return c.json().path("about").asString("").split(":", 2)[0];
        }

        private boolean straight() {
            return Set.of("StableDiffusion3Pipeline", "FluxPipeline", "LuminaPipeline")
                    .contains(family());
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
            Tensor unscaled = Ops.add(Ops.div(z, scale.factor()), scale.shift());
            out.compare(name("vae_decode_in.0"), unscaled, sensitive("last latents"));
            Tensor x = autoencoder.decode(z); // [B, 3, H, W]
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
            double change =
                    c.value(id + ".sensitivity").path("largest change of the " + of).asDouble();
            return Tolerance.absolute(
                    Math.max(10 * change, 2e-5),
                    "ten times what a change of the weights by 1e-6 of themselves does");
        }

        private String name(String output) {
            return c.named(id, "out." + output);
        }
    }
}
