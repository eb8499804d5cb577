package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.LeveledSampler;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.SdEdit;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Guide;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.JsonNode;

/// What the whole runs of diffusers' pipelines have in common: the arguments of a call, the steps
/// of the sampler and how far rounding may lead.
///
/// @param c the case
/// @param id of the call
record PipelineRun(ReferenceCase c, String id) {
    /// What happened on the way.
    ///
    /// @param times that the network was given
    /// @param answers guided, one for each call
    /// @param latents after each call
    /// @param end the last latents
    record Steps(List<Double> times, List<Tensor> answers, List<Tensor> latents, Tensor end) {}

    /// Returns the class of the pipeline.
    static String family(ReferenceCase c) {
        return c.json().path("about").asString("").split(":", 2)[0];
    }

    /// Returns the arguments of the call.
    JsonNode args() {
        return c.value(id + ".args");
    }

    /// Returns the call as a request.
    GenerationRequest request() {
        JsonNode args = args();
        JsonNode prompt = args.path("prompt");
        String[] prompts =
                prompt.isArray()
                        ? IntStream.range(0, prompt.size())
                                .mapToObj(i -> prompt.path(i).asString())
                                .toArray(String[]::new)
                        : new String[] {prompt.asString()};
        var guide =
                Guide.DEFAULT
                        .withScale(args.path("guidance_scale").asDouble(0))
                        .withNegative(args.path("negative_prompt").asString(""))
                        .withRescale(args.path("guidance_rescale").asDouble(0))
                        .withTrueScale(args.path("true_cfg_scale").asDouble(1));
        return GenerationRequest.of(prompts)
                .withGuide(guide)
                .withCount(count(args))
                .withSize(args.path("width").asInt(0), args.path("height").asInt(0))
                .withSteps(args.path("num_inference_steps").asInt(0))
                .withTextTokens(args.path("max_sequence_length").asInt(0))
                .withSeed(c.value(id + ".seed").asLong());
    }

    private static int count(JsonNode args) {
        for (String what : List.of("images", "videos", "waveforms")) {
            JsonNode count = args.path("num_" + what + "_per_prompt");
            if (!count.isMissingNode()) {
                return count.asInt();
            }
        }
        return 1;
    }

    /// Returns the draws of the steps.
    ///
    /// @param first number of the first of them
    NoiseSource draws(int first) {
        var draws = new ArrayList<Tensor>();
        for (int i = first; c.hasIn(id, "noise." + i); i++) {
            draws.add(c.in(id, "noise." + i));
        }
        return draws.isEmpty() ? NoiseSource.NONE : NoiseSource.replay(Ops.stack(0, draws));
    }

    /// Samples.
    ///
    /// @param sampler from the state `first` on
    Steps steps(Sampler sampler, Denoiser denoiser, SamplerState first, NoiseSource draws) {
        var times = new ArrayList<Double>();
        var answers = new ArrayList<Tensor>();
        var latents = new ArrayList<Tensor>();
        SamplerState s = first;
        while (!sampler.done(s)) {
            times.add(sampler.timestep(s));
            Tensor x = sampler.modelInput(s);
            Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, x.size(0));
            Tensor answer = denoiser.predict(x, t);
            answers.add(answer);
            if (sampler instanceof SdEdit edit) {
                SamplerState next = edit.method().next(s, answer, draws);
                latents.add(next.x()); // as the method gives them, before a mask
                s = edit.kept(next);
            } else {
                s = sampler.next(s, answer, draws);
                latents.add(s.x());
            }
        }
        return new Steps(times, answers, latents, s.x());
    }

    /// Compares what happened on the way.
    ///
    /// @param method without a picture that it starts from
    /// @param straight whether its levels are those of a straight path
    /// @param packed arranges latents as the reference does
    void compare(
            Steps steps,
            Sampler method,
            boolean straight,
            UnaryOperator<Tensor> packed,
            Findings out) {
        double[] visited = steps.times.stream().mapToDouble(Double::doubleValue).toArray();
        out.compare(name("timesteps"), Tensors.of(visited, visited.length));
        out.compare(
                name("model_output"), Ops.stack(0, steps.answers.stream().map(packed).toList()));
        out.compare(
                name("latents"),
                Ops.stack(0, steps.latents.stream().map(packed).toList()),
                sensitive("last latents"));
        if (method instanceof LeveledSampler solver && c.has(name("sigmas"))) {
            out.compare(name("sigmas"), SchedulersKind.sigmas(solver, !straight));
        }
    }

    /// Compares the time of the first call of the network.
    ///
    /// @param t the time, in the unit of the reference's network
    void compareTime(double t, Findings out) {
        String name = name(c.has(name("first.timestep")) ? "first.timestep" : "first.arg1");
        Tensor given = c.tensor(name);
        Tensor all = Tensors.full(t, Dtype.FLOAT64, 1).expand_as(given);
        out.compare(name, Ops.to(all.contiguous(), Dtype.of(given)));
    }

    /// Returns how far rounding may lead.
    ///
    /// @param of `result` or `last latents`
    Tolerance sensitive(String of) {
        double change = c.value(id + ".sensitivity").path("largest change of the " + of).asDouble();
        return Tolerance.absolute(
                Math.max(10 * change, 2e-5),
                "ten times what a change of the weights by 1e-6 of themselves does");
    }

    /// Returns the name of a result.
    String name(String output) {
        return c.named(id, "out." + output);
    }
}
