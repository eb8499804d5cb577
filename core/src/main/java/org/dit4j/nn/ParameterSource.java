package org.dit4j.nn;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Weight;

/// Where the parameters of a network come from.
///
/// Every layer asks its source for named tensors: one source initialises, one reads a checkpoint,
/// one only counts. Others decorate: adapters, quantization, element types. So no network has a
/// second code path for any of these.
///
/// ```java
/// var attn = source.at("blocks.0.attn");
/// Linear qkv = attn.linear("qkv", d, 3 * d);   // blocks.0.attn.qkv.weight, blocks.0.attn.qkv.bias
/// ```
public interface ParameterSource {
    /// Returns the source of the names below `name`; dots separate levels, as in checkpoints.
    ParameterSource at(String name);

    /// Returns the trained tensor `name`.
    ///
    /// @param init how it starts if this source initialises
    /// @return a tensor of that shape that lives as long as [#parameters]
    Tensor parameter(String name, Init init, long... shape);

    /// Returns the matrix `name` of a linear layer, which a checkpoint may hold in small numbers.
    ///
    /// @param init how it starts if this source initialises
    default Weight weight(String name, Init init, long out, long in) {
        return Weight.of(parameter(name, init, out, in));
    }

    /// Returns the fixed tensor `name`, which is stored in checkpoints but not trained.
    ///
    /// @param value makes its value, float32; asked only if this source neither counts nor finds it
    ///   in a checkpoint
    Tensor buffer(String name, Supplier<Tensor> value, long... shape);

    /// Returns the fixed tensor `name`, which is stored in checkpoints but not trained.
    ///
    /// @param value its value, float32, if this source does not read it from a checkpoint
    default Tensor buffer(String name, Tensor value) {
        return buffer(name, () -> value, Shapes.of(value));
    }

    /// Returns everything handed out so far below the root, in order.
    Parameters parameters();

    /// Returns the linear layer `name` with a bias that starts at zero.
    default Linear linear(String name, long in, long out) {
        return linear(name, in, out, Init.xavierUniform());
    }

    /// Returns the linear layer `name` with a bias that starts at zero.
    ///
    /// @param init how its weight starts
    default Linear linear(String name, long in, long out, Init init) {
        ParameterSource s = at(name);
        return new Linear(
                s.weight("weight", init, out, in), s.parameter("bias", Init.zeros(), out));
    }

    /// Returns the linear layer `name` without a bias.
    default Linear linearWithoutBias(String name, long in, long out) {
        return new Linear(at(name).weight("weight", Init.xavierUniform(), out, in), null);
    }

    /// Returns the layer norm `name` with weight and bias.
    default LayerNorm layerNorm(String name, long width, double eps) {
        ParameterSource s = at(name);
        return new LayerNorm(
                s.parameter("weight", Init.ones(), width),
                s.parameter("bias", Init.zeros(), width),
                eps);
    }

    /// Returns the root-mean-square norm `name` with a weight.
    default RmsNorm rmsNorm(String name, long width, double eps) {
        return new RmsNorm(at(name).parameter("weight", Init.ones(), width), eps);
    }

    /// Returns the convolution `name` of odd `kernel` size, padded to keep height and width at
    /// stride 1.
    default Conv2d conv2d(String name, long in, long out, long kernel) {
        return conv2d(name, in, out, kernel, 1, kernel / 2, true);
    }

    /// Returns the convolution `name`.
    default Conv2d conv2d(
            String name, long in, long out, long kernel, long stride, long padding, boolean bias) {
        ParameterSource s = at(name);
        Tensor weight = s.parameter("weight", Init.torchDefault(), out, in, kernel, kernel);
        double bound = 1 / Math.sqrt((double) in * kernel * kernel);
        return new Conv2d(
                weight,
                bias ? s.parameter("bias", Init.uniform(bound), out) : null,
                stride,
                padding);
    }

    /// Returns the group norm `name` with weight and bias.
    default GroupNorm groupNorm(String name, long groups, long channels, double eps) {
        ParameterSource s = at(name);
        return new GroupNorm(
                s.parameter("weight", Init.ones(), channels),
                s.parameter("bias", Init.zeros(), channels),
                groups,
                eps);
    }

    /// Returns a source that initialises float32 parameters on the CPU, with gradients.
    static ParameterSource initialising(Rng rng) {
        return initialising(rng, Dtype.FLOAT32);
    }

    /// Returns a source that initialises parameters of that element type on the CPU, with
    /// gradients.
    static ParameterSource initialising(Rng rng, Dtype dtype) {
        return initialising(rng, dtype, Device.CPU);
    }

    /// Returns a source that initialises parameters on a device, with gradients. The numbers are
    /// drawn on the CPU, so they are the same on each device.
    static ParameterSource initialising(Rng rng, Dtype dtype, Device device) {
        return new FreshSource(rng, dtype, device);
    }

    /// Returns a source of tensors that have shapes but no memory, for counting.
    static ParameterSource counting() {
        return new FreshSource(null, Dtype.FLOAT32, Device.META);
    }
}
