package org.dit4j.conformance;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SdEdit;
import org.dit4j.model.MmDitControlNet;
import org.dit4j.model.MmDitControlNetCheckpoint;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.InitImage;
import org.dit4j.pipeline.TextToImagePipeline;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The pictures that a call of a pipeline was given: what it starts from, the part of it that may
/// change, and what a ControlNet steers by. They are not of 8 bits, so they do not go through a
/// request.
///
/// @param c the case
/// @param id the call
/// @param pipeline opened
/// @param args of the call
record PipelineImages(ReferenceCase c, String id, TextToImagePipeline pipeline, JsonNode args) {
    static final String RESIDUALS = "block_controlnet_hidden_states.";

    private static final String CONTROL_NET = "controlnet = ";

    /// Returns the folder of the ControlNet that a case names beside that of its pipeline.
    static Optional<Path> controlNet(ReferenceCase c) {
        String folders = c.value("folder").asString("");
        int at = folders.indexOf(CONTROL_NET);
        return at < 0
                ? Optional.empty()
                : Optional.of(c.beside(folders.substring(at + CONTROL_NET.length())));
    }

    /// Returns the request as the call has it; the pixels of the control picture do not matter.
    GenerationRequest applied(GenerationRequest request) {
        return controlled() ? request.withControl(Picture.of(1, 1, new byte[3]), scale()) : request;
    }

    private double scale() {
        return args.path("controlnet_conditioning_scale").asDouble(1);
    }

    /// Returns whether there are any.
    boolean any() {
        return init() || masked() || controlled();
    }

    private boolean init() {
        return c.hasIn(id, "image");
    }

    /// Returns whether only a part of the picture may change.
    boolean masked() {
        return c.hasIn(id, "mask_image");
    }

    private boolean controlled() {
        return c.hasIn(id, "control_image");
    }

    /// Returns the number of the draw that is the noise of the latents; those of the autoencoder
    /// come before it, and after it one for what the mask keeps.
    int noise() {
        return any() ? 1 : 0;
    }

    /// Returns the number of the first draw of the sampler.
    int draws() {
        return noise() + (masked() ? 2 : 1);
    }

    /// Returns the run of a method that the call makes.
    Sampler run(Sampler method, Tensor noise) {
        if (!init()) {
            return method;
        }
        int first =
                SdEdit.firstStep(
                        args.path("num_inference_steps").asInt(),
                        args.path("strength").asDouble(0.6));
        Tensor data = latents().expand_as(noise);
        return new SdEdit(method, data, noise, first, mask());
    }

    private @Nullable Tensor mask() {
        return masked()
                ? InitImage.latentMask(
                        c.in(id, "mask_image"), pipeline.parts().autoencoder().downsampling())
                : null;
    }

    /// Returns the latents of the control picture, if there is one.
    List<Tensor> controls() {
        var autoencoder = pipeline.parts().autoencoder();
        return pipeline.parts().network().controls().stream()
                .map(kind -> kind.scaled(autoencoder, latents()))
                .toList();
    }

    /// The latents of the picture, with the draw of the reference.
    private Tensor latents() {
        var autoencoder = (AutoencoderKl) pipeline.parts().autoencoder();
        Tensor draw = c.in(id, "noise.0");
        Tensor x = pixels().expand(draw.size(0), -1, -1, -1);
        return autoencoder.config().scale().apply(autoencoder.posterior(x).sample(draw));
    }

    /// The pipeline with a ControlNet takes a tensor for the pixels as they are, in whatever range;
    /// only pictures are brought to [-1, 1].
    private Tensor pixels() {
        return controlled()
                ? c.in(id, "control_image")
                : Ops.add(Ops.mul(c.in(id, "image"), 2), -1);
    }

    /// Compares what the autoencoder was given.
    void compare(Findings out) {
        if (!any()) {
            return;
        }
        String first = c.named(id, "out.vae_encode_in.0");
        Tensor x = pixels();
        out.compare(first, x.expand_as(c.tensor(first)));
        if (masked()) {
            Tensor kept = Ops.like(Ops.lessThan(c.in(id, "mask_image"), 0.5), x);
            out.compare(c.named(id, "out.vae_encode_in.1"), x.mul(kept));
        }
    }

    /// Compares a residual of the ControlNet.
    ///
    /// @param x what the network is given
    /// @param arguments what else it is given
    void compareResidual(
            String name, Tensor x, double t, Map<String, Tensor> arguments, Findings out) {
        int block = Integer.parseInt(name.substring(name.lastIndexOf('.') + 1));
        var folder = controlNet(c).orElseThrow();
        try (MmDitControlNet net = MmDitControlNetCheckpoint.open(folder).load(c.loading())) {
            Tensor pooled = Objects.requireNonNull(arguments.get("pooled_projections"));
            List<Tensor> residuals =
                    net.forward(
                            x,
                            controls().getFirst(),
                            Tensors.full(t, Dtype.FLOAT32, x.size(0)),
                            Objects.requireNonNull(arguments.get("encoder_hidden_states")),
                            net.config().zeroPooled() ? Ops.mul(pooled, 0) : pooled,
                            scale());
            out.compare(name, residuals.get(block));
        }
    }
}
