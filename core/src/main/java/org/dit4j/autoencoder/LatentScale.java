package org.dit4j.autoencoder;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// How the autoencoder's latents become those of the diffusion model, about with variance 1: `(z -
/// shift) * factor` (Rombach et al. 2022, arXiv:2112.10752, appendix D.1), or channel by channel
/// `(z - mean) / std * factor`, as diffusers' SDXL pipelines do it.
///
/// @param factor `scaling_factor`, not 0
/// @param shift `shift_factor`
/// @param mean `latents_mean` of each channel, or empty
/// @param std `latents_std` of each channel, or empty
public record LatentScale(double factor, double shift, List<Double> mean, List<Double> std) {
    /// Checks the rules that hold between the numbers.
    public LatentScale {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        ConfigException.require(
                factor != 0 && Double.isFinite(factor), "scaling_factor must not be %s", factor);
        ConfigException.require(
                mean.size() == std.size(),
                "latents_mean has %d numbers but latents_std has %d",
                mean.size(),
                std.size());
        ConfigException.require(
                mean.isEmpty() || shift == 0, "shift_factor and latents_mean exclude each other");
        ConfigException.require(
                std.stream().allMatch(s -> s > 0), "latents_std must be positive but is %s", std);
    }

    /// Returns a scale that is the same for all channels.
    public static LatentScale of(double factor, double shift) {
        return new LatentScale(factor, shift, List.of(), List.of());
    }

    /// Returns the diffusion model's latents for those of the network, `[B, C, ...]`.
    public Tensor apply(Tensor z) {
        return mean.isEmpty()
                ? Ops.mul(Ops.add(z, -shift), factor)
                : Ops.mul(z.sub(channels(mean, z)).div(channels(std, z)), factor);
    }

    /// Returns the network's latents for those of the diffusion model, `[B, C, ...]`.
    public Tensor invert(Tensor z) {
        return mean.isEmpty()
                ? Ops.add(Ops.div(z, factor), shift)
                : Ops.div(z.mul(channels(std, z)), factor).add(channels(mean, z));
    }

    private static Tensor channels(List<Double> values, Tensor like) {
        var numbers = new float[values.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = values.get(i).floatValue();
        }
        var shape = new long[(int) like.dim() - 1]; // [C, 1, ...]
        Arrays.fill(shape, 1);
        shape[0] = numbers.length;
        return Ops.like(Tensors.of(numbers, shape), like);
    }
}
