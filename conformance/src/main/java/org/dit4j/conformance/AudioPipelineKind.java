package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.Collections;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.Sound;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.pipeline.Clip;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.PromptedNetwork;
import org.dit4j.pipeline.Residency;
import org.dit4j.pipeline.TextToAudioPipeline;
import org.dit4j.tensor.Ops;
import tools.jackson.databind.JsonNode;

/// Whole runs of diffusers' `StableAudioPipeline` from its folder: `pipelines/stable_audio`.
final class AudioPipelineKind implements CaseKind {
    private static final String CLASS = "StableAudioPipeline";

    @Override
    public boolean accepts(ReferenceCase c) {
        return PipelineRun.family(c).equals(CLASS);
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (TextToAudioPipeline pipeline =
                Pipelines.loadAudio(c.modelFolder(), c.loading(), Residency.KEEP)) {
            for (String id : c.calls()) {
                var run = new Run(new PipelineRun(c, id), pipeline, out);
                Ops.noGrad(() -> {
                    run.compare();
                    return 0;
                });
            }
        }
    }

    private record Run(PipelineRun common, TextToAudioPipeline pipeline, Findings out) {
        void compare() {
            GenerationRequest request = pipeline.resolve(request());
            Tensor noise = common.c().in(common.id(), "noise.0"); // [B, C, N]
            PromptedNetwork.Prompts prompts = pipeline.encode(request);
            Sampler sampler = pipeline.sampler(request);
            // the reference's Brownian motion runs towards the noise, its sampler against it
            Tensor increments = Ops.mul(common.c().in(common.id(), "sde_noise"), -1);
            NoiseSource draws = NoiseSource.replay(increments);
            SamplerState s = sampler.start(noise, draws);
            first(prompts, request, sampler, s);
            PipelineRun.Steps steps =
                    common.steps(sampler, pipeline.denoiser(prompts, request), s, draws);
            common.compare(steps, sampler, false, UnaryOperator.identity(), out);
            Tensor z = steps.end();
            out.compare(common.name("vae_decode_in.0"), z, common.sensitive("last latents"));
            Tensor x = pipeline.cut(pipeline.parts().autoencoder().decode(z), request);
            out.compare(common.name("audios"), x, common.sensitive("result"));
            shape(request());
        }

        private GenerationRequest request() {
            JsonNode args = common.args();
            return common.request()
                    .withClip(
                            Clip.OPEN.during(
                                    args.path("audio_start_in_s").asDouble(0),
                                    args.path("audio_end_in_s").asDouble(0)));
        }

        /// The draws of the steps are the reference's own, so that a seed gives other sounds here:
        /// of the same length.
        private void shape(GenerationRequest request) {
            Tensor expected = common.c().tensor(common.name("audios"));
            var sounds = pipeline.generate(request);
            Sound sound = sounds.getFirst();
            out.same(
                    common.name("audios") + " (generated)",
                    "%d x %d x %d".formatted(expected.size(0), expected.size(1), expected.size(2)),
                    "%d x %d x %d".formatted(sounds.size(), sound.channels(), sound.frames()));
        }

        private void first(
                PromptedNetwork.Prompts prompts,
                GenerationRequest request,
                Sampler sampler,
                SamplerState s) {
            Tensor x = sampler.modelInput(s);
            int sounds = (int) x.size(0);
            boolean paired = common.c().tensor(common.name("first.hidden_states")).size(0) > sounds;
            var texts = new ArrayList<Integer>();
            if (paired) {
                texts.addAll(Collections.nCopies(sounds, request.prompts().size()));
            }
            IntStream.range(0, sounds).forEach(i -> texts.add(i / request.count()));
            out.compare(common.name("first.hidden_states"), paired ? Ops.cat(0, x, x) : x);
            common.compareTime(sampler.timestep(s), out);
            prompts.arguments(texts)
                    .forEach((name, value) -> out.compare(common.name("first." + name), value));
        }
    }
}
