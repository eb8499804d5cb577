package org.dit4j.conformance;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.LeveledSampler;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.JsonNode;

/// Whole runs of diffusers' `DiTPipeline` from its folder: `pipelines/dit*`.
final class DitPipelineKind implements CaseKind {
    /// The folder's scheduler, changed to another class.
    private static final Pattern OTHER_CLASS = Pattern.compile("scheduler = (\\w+)\\.from_config");

    /// One step of the 256 of a picture, plus a little for values between two.
    private static final Tolerance PICTURE =
            Tolerance.absolute(0.5 / 255 + 1e-5, "a picture has 8 bits");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.json().path("about").asString("").startsWith("DiTPipeline");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        Path folder = c.modelFolder();
        try (var pipeline = (DitPipeline) Pipelines.load(folder, c.loading())) {
            for (String id : c.calls()) {
                var run = new Run(c, id, pipeline, c.value(id + ".args"));
                Ops.noGrad(() -> {
                    run.compare(out);
                    return 0;
                });
            }
        }
    }

    private record Run(ReferenceCase c, String id, DitPipeline pipeline, JsonNode args) {
        void compare(Findings out) {
            Tensor noise = c.in(id, "noise.0");
            Sampler sampler = sampler();
            Denoiser denoiser = pipeline.denoiser(request());
            var times = new ArrayList<Double>();
            var answers = new ArrayList<Tensor>();
            var latents = new ArrayList<Tensor>();
            SamplerState s = sampler.start(noise);
            while (!sampler.done(s)) {
                times.add(sampler.timestep(s));
                Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, noise.size(0));
                Tensor answer = denoiser.predict(s.x(), t).narrow(1, 0, noise.size(1));
                answers.add(paired(answer));
                s = sampler.next(s, answer, NoiseSource.NONE);
                latents.add(paired(s.x()));
            }
            double[] visited = times.stream().mapToDouble(Double::doubleValue).toArray();
            out.compare(name("timesteps"), Tensors.of(visited, visited.length));
            out.compare(name("model_output"), Ops.stack(0, answers));
            out.compare(name("latents"), Ops.stack(0, latents));
            first(noise, visited[0], out);
            decoded(s.x(), out);
            if (sampler instanceof LeveledSampler solver) {
                out.compare(name("sigmas"), SchedulersKind.sigmas(solver, true));
            }
        }

        private Sampler sampler() {
            int steps = args.path("num_inference_steps").asInt();
            Matcher other = OTHER_CLASS.matcher(c.value("folder").asString(""));
            if (!other.find()) {
                return pipeline.parts().process().sampler("", 0).steps(steps);
            }
            JsonNode json = pipeline.parts().process().json();
            return SchedulerConfig.as(other.group(1), json, c.name()).sampler().steps(steps);
        }

        private void first(Tensor noise, double t, Findings out) {
            Tensor y = labels();
            Tensor none =
                    Tensors.full(
                            pipeline.parts().network().config().nullLabel(),
                            Dtype.INT64,
                            y.size(0));
            Tensor x = paired(noise);
            out.compare(name("first.hidden_states"), x);
            out.compare(name("first.timestep"), Tensors.full(t, Dtype.INT64, x.size(0)));
            out.compare(name("first.class_labels"), guided() ? Ops.cat(0, y, none) : y);
        }

        private void decoded(Tensor z, Findings out) {
            var autoencoder = (AutoencoderKl) pipeline.parts().autoencoder();
            out.compare(name("vae_decode_in.0"), Ops.div(z, autoencoder.config().scale().factor()));
            Tensor x = autoencoder.decode(z); // [B, 3, H, W]
            Tensor images = Ops.clamp(Ops.add(Ops.mul(x, 0.5), 0.5), 0, 1).permute(0, 2, 3, 1);
            out.compare(name("images"), images);
            if (OTHER_CLASS.matcher(c.value("folder").asString("")).find()) {
                return;
            }
            out.compare(name("images"), pictures(), PICTURE);
        }

        /// The same from the seed, through what a user calls: `[B, H, W, 3]` in [0, 1].
        private Tensor pictures() {
            List<Picture> pictures = pipeline.generate(request());
            return Ops.stack(
                    0,
                    pictures.stream()
                            .map(p -> Ops.div(Ops.to(p.tensor(), Dtype.FLOAT32), 255))
                            .toList());
        }

        private GenerationRequest request() {
            var classes = new ArrayList<String>();
            args.path("class_labels").forEach(label -> classes.add(label.asString()));
            return GenerationRequest.ofClasses(classes.toArray(String[]::new))
                    .withSteps(args.path("num_inference_steps").asInt())
                    .withGuidance(scale())
                    .withSeed(c.value(id + ".seed").asLong());
        }

        private Tensor labels() {
            var y = new long[args.path("class_labels").size()];
            for (int i = 0; i < y.length; i++) {
                y[i] = args.path("class_labels").path(i).asLong();
            }
            return Tensors.of(y, y.length);
        }

        private double scale() {
            return args.path("guidance_scale").asDouble();
        }

        private boolean guided() {
            return scale() > 1;
        }

        /// The reference keeps both halves of the guided batch, which are the same.
        private Tensor paired(Tensor x) {
            return guided() ? Ops.cat(0, x, x) : x;
        }

        private String name(String output) {
            return c.named(id, "out." + output);
        }
    }
}
