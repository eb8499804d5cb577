package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.data.Picture;
import org.dit4j.data.Video;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.PromptedNetwork;
import org.dit4j.pipeline.Residency;
import org.dit4j.pipeline.TextToVideoPipeline;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;

/// Whole runs of diffusers' text-to-video pipelines from their folders: `pipelines/latte` and
/// `wan`.
final class VideoPipelineKind implements CaseKind {
    private static final String WAN = "WanPipeline";
    private static final Set<String> CLASSES = Set.of("LattePipeline", WAN);

    @Override
    public boolean accepts(ReferenceCase c) {
        return CLASSES.contains(PipelineRun.family(c));
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (TextToVideoPipeline pipeline =
                Pipelines.loadVideo(c.modelFolder(), c.loading(), Residency.KEEP)) {
            for (String id : c.calls()) {
                var run = new Run(new PipelineRun(c, id), pipeline, out);
                Ops.noGrad(() -> {
                    run.compare();
                    return 0;
                });
            }
        }
    }

    private record Run(PipelineRun common, TextToVideoPipeline pipeline, Findings out) {
        void compare() {
            GenerationRequest request = pipeline.resolve(request());
            Tensor noise = common.c().in(common.id(), "noise.0"); // [B, C, f, h, w]
            PromptedNetwork.Prompts prompts = pipeline.encode(request);
            Sampler sampler = pipeline.sampler(request);
            NoiseSource draws = common.draws(1);
            SamplerState s = sampler.start(noise, draws);
            first(prompts, request, sampler, s);
            PipelineRun.Steps steps =
                    common.steps(sampler, pipeline.denoiser(prompts, request), s, draws);
            common.compare(steps, sampler, wan(), UnaryOperator.identity(), out);
            decoderInput(steps.end());
            Tensor frames = pipeline.decode(steps.end()).transpose(1, 2); // [B, F, 3, H, W]
            out.compare(
                    common.name("frames"),
                    Ops.clamp(Ops.add(Ops.mul(frames, 0.5), 0.5), 0, 1),
                    common.sensitive("result"));
            out.compare(common.name("frames"), videos(request()), PromptPipelineKind.PICTURE);
        }

        private GenerationRequest request() {
            String key = wan() ? "num_frames" : "video_length";
            return common.request().withFrames(common.args().path(key).asInt(usualFrames()));
        }

        private int usualFrames() {
            return wan() ? 0 : 16; // what the signature of the pipeline says
        }

        private boolean wan() {
            return PipelineRun.family(common.c()).equals(WAN);
        }

        /// The arguments of the first call of the network: a batch that begins with the
        /// unconditional half, but the conditional one alone for Wan.
        private void first(
                PromptedNetwork.Prompts prompts,
                GenerationRequest request,
                Sampler sampler,
                SamplerState s) {
            Tensor x = sampler.modelInput(s);
            int videos = (int) x.size(0);
            boolean paired = common.c().tensor(common.name("first.hidden_states")).size(0) > videos;
            var texts = new ArrayList<Integer>();
            if (paired) {
                texts.addAll(Collections.nCopies(videos, request.prompts().size()));
            }
            IntStream.range(0, videos).forEach(i -> texts.add(i / request.count()));
            out.compare(common.name("first.hidden_states"), paired ? Ops.cat(0, x, x) : x);
            common.compareTime(sampler.timestep(s), out);
            prompts.arguments(texts)
                    .forEach((name, value) -> out.compare(common.name("first." + name), value));
        }

        /// A decoder of pictures is handed a few frames at a time.
        private void decoderInput(Tensor z) {
            Tensor own =
                    switch (pipeline.parts().autoencoder()) {
                        case VideoAutoencoder video -> video.scale().invert(z);
                        case AutoencoderKl kl ->
                                kl.config().scale().invert(z.transpose(1, 2).flatten(0, 1));
                        default -> throw new IllegalStateException("no decoder of these cases");
                    };
            long from = 0;
            for (int i = 0; common.c().has(common.name("vae_decode_in." + i)); i++) {
                String name = common.name("vae_decode_in." + i);
                long n = common.c().tensor(name).size(0);
                out.compare(name, own.narrow(0, from, n), common.sensitive("last latents"));
                from += n;
            }
        }

        private Tensor videos(GenerationRequest request) {
            return Ops.stack(
                    0,
                    pipeline.generate(request).stream()
                            .map(Video::frames)
                            .map(Run::frames)
                            .toList());
        }

        private static Tensor frames(List<Picture> frames) {
            return Ops.stack(
                    0,
                    frames.stream()
                            .map(p ->
                                    Ops.div(Ops.to(p.tensor(), Dtype.FLOAT32), 255)
                                            .permute(2, 0, 1))
                            .toList());
        }
    }
}
