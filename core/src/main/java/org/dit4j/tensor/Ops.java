package org.dit4j.tensor;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.jspecify.annotations.Nullable;

/// The operators that need more of libtorch than a method of `Tensor`: scalars, lists, options,
/// modes.
///
/// Results belong to the caller's innermost scope.
public final class Ops {
    private Ops() {}

    // ---- arithmetic with numbers

    /// Returns `x + value`.
    public static Tensor add(Tensor x, double value) {
        return torch.add(x, new Scalar(value));
    }

    /// Returns `x * value`.
    public static Tensor mul(Tensor x, double value) {
        return torch.mul(x, new Scalar(value));
    }

    /// Returns `x / value`.
    public static Tensor div(Tensor x, double value) {
        return torch.div(x, new Scalar(value));
    }

    /// Adds `y` to `x` in place and returns `x`.
    public static Tensor add_(Tensor x, Tensor y) {
        return addScaled_(x, y, 1);
    }

    /// Returns `x + scale * y`.
    public static Tensor addScaled(Tensor x, Tensor y, double scale) {
        return torch.add(x, y, new Scalar(scale));
    }

    /// Adds `scale * y` to `x` in place and returns `x`.
    public static Tensor addScaled_(Tensor x, Tensor y, double scale) {
        return x.add_(y, new Scalar(scale));
    }

    /// Multiplies `x` by `value` in place and returns `x`.
    public static Tensor mul_(Tensor x, double value) {
        return x.mul_(new Scalar(value));
    }

    /// Fills `x` with `value` in place and returns it.
    public static Tensor fill_(Tensor x, double value) {
        return x.fill_(new Scalar(value));
    }

    /// Returns `x ^ exponent` element by element.
    public static Tensor pow(Tensor x, double exponent) {
        return torch.pow(x, new Scalar(exponent));
    }

    /// Returns `x` limited to [min, max].
    public static Tensor clamp(Tensor x, double min, double max) {
        return torch.clamp(
                x, new ScalarOptional(new Scalar(min)), new ScalarOptional(new Scalar(max)));
    }

    /// Returns `max(x, min)` element by element.
    public static Tensor clampMin(Tensor x, double min) {
        return torch.clamp_min(x, new Scalar(min));
    }

    /// Returns a bool tensor: is each element below `value`?
    public static Tensor lessThan(Tensor x, double value) {
        return x.lt(new Scalar(value));
    }

    /// Returns a bool tensor: is each element above `value`?
    public static Tensor greaterThan(Tensor x, double value) {
        return x.gt(new Scalar(value));
    }

    /// Returns the `q` quantile of each row of `x` `[B, N]`, linearly interpolated: `[B]`.
    public static Tensor quantile(Tensor x, double q) {
        return torch.quantile(x, q, new LongOptional(1), false, "linear");
    }

    /// Returns `yes` where `condition` holds, `no` elsewhere; shapes broadcast.
    public static Tensor where(Tensor condition, Tensor yes, Tensor no) {
        if (ShapesOnly.are("where", condition, yes, no)) {
            return mul(condition, 1.0).add(yes.add(no)).to(yes.scalar_type());
        }
        return torch.where(condition, yes, no);
    }

    /// Returns a bool tensor: is each element equal to `value`?
    public static Tensor equalTo(Tensor x, double value) {
        return x.eq(new Scalar(value));
    }

    /// Returns the mean over `axes`, which stay as axes of size 1 if `keep`.
    public static Tensor mean(Tensor x, boolean keep, long... axes) {
        return x.mean(axes, keep, new org.bytedeco.pytorch.ScalarTypeOptional());
    }

    /// Returns the sum over `axes`, which stay as axes of size 1 if `keep`.
    public static Tensor sum(Tensor x, boolean keep, long... axes) {
        return x.sum(axes, keep, new org.bytedeco.pytorch.ScalarTypeOptional());
    }

    /// Returns the mean over all axes but the first, as `mean_flat` of the reference code.
    public static Tensor meanFlat(Tensor x) {
        return x.dim() == 1 ? x : x.flatten(1, -1).mean(1);
    }

    // ---- joining and cutting

    /// Joins tensors along an axis.
    public static Tensor cat(long axis, Tensor... parts) {
        ShapesOnly.are("cat", parts); // libtorch does not look
        return torch.cat(new TensorVector(parts), axis);
    }

    /// Stacks tensors of one shape along a new axis.
    public static Tensor stack(long axis, Tensor... parts) {
        return torch.stack(new TensorVector(parts), axis);
    }

    /// Stacks tensors of one shape along a new axis.
    public static Tensor stack(long axis, List<Tensor> parts) {
        return stack(axis, parts.toArray(Tensor[]::new));
    }

    /// Cuts `x` along `axis` into `n` equal views.
    public static Tensor[] chunk(Tensor x, int n, long axis) {
        return x.chunk(n, axis).get();
    }

    /// Pads the last two axes with zeros.
    public static Tensor pad(Tensor x, long left, long right, long top, long bottom) {
        return torch.constant_pad_nd(x, new long[] {left, right, top, bottom}, new Scalar(0.0));
    }

    // ---- layers

    /// Returns `x W^T + b`.
    ///
    /// @param x `[..., in]`
    /// @param weight `[out, in]`
    /// @param bias `[out]` or null
    public static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
        ShapesOnly.are("linear", x, weight, bias); // libtorch does not look
        return EmulatedBf16.wanted(x)
                ? EmulatedBf16.compute(
                        a -> torch.linear(a[0], a[1], optional(a[2])), x, weight, bias)
                : torch.linear(x, weight, optional(bias));
    }

    /// Convolves a picture.
    ///
    /// @param x `[B, C, H, W]`
    /// @param weight `[out, C, kh, kw]`
    /// @param bias `[out]` or null
    public static Tensor conv2d(
            Tensor x, Tensor weight, @Nullable Tensor bias, long stride, long padding) {
        return Convolutions.conv2d(x, weight, bias, stride, new long[] {padding, padding}, 1);
    }

    /// Normalises the last axis to mean 0 and variance 1, then scales and shifts if given.
    public static Tensor layerNorm(
            Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
        if (ShapesOnly.are("layer norm", x, weight, bias)) {
            return ShapesOnly.alike(x);
        }
        return torch.layer_norm(
                x, new long[] {x.size(-1)}, optional(weight), optional(bias), eps, false);
    }

    /// Divides the last axis by its root mean square, then scales if given.
    public static Tensor rmsNorm(Tensor x, @Nullable Tensor weight, double eps) {
        return torch.rms_norm(
                x, new long[] {x.size(-1)}, optional(weight), new DoubleOptional(eps));
    }

    /// Normalises groups of channels of `[B, C, ...]`.
    public static Tensor groupNorm(
            Tensor x, long groups, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
        if (ShapesOnly.are("group norm", x, weight, bias)) {
            return ShapesOnly.alike(x);
        }
        return torch.group_norm(x, groups, optional(weight), optional(bias), eps, false);
    }

    /// Looks up rows.
    ///
    /// @param table `[rows, D]`
    /// @param index int64, any shape, on any device
    public static Tensor embedding(Tensor table, Tensor index) {
        return table.is_meta()
                ? ShapesOnly.rows(table, index)
                : torch.embedding(table, on(index, table));
    }

    /// GELU, exact.
    public static Tensor gelu(Tensor x) {
        return torch.gelu(x);
    }

    /// GELU in the tanh approximation, as all DiTs use it.
    public static Tensor geluTanh(Tensor x) {
        return torch.gelu(x, "tanh");
    }

    /// `x sigmoid(x)`.
    public static Tensor silu(Tensor x) {
        return torch.silu(x);
    }

    /// `x sigmoid(x)` in the memory of `x`, which must not be needed for gradients.
    public static Tensor silu_(Tensor x) {
        torch.silu_(x); // what it returns is another object that does not own the memory
        return x;
    }

    /// `x tanh(log(1 + exp(x)))`.
    public static Tensor mish(Tensor x) {
        return torch.mish(x);
    }

    /// `max(x, 0)`.
    public static Tensor relu(Tensor x) {
        return x.is_meta() ? ShapesOnly.alike(x) : torch.relu(x);
    }

    /// Softmax over an axis.
    public static Tensor softmax(Tensor x, long axis) {
        return torch.softmax(x, axis);
    }

    /// Doubles height and width of `[B, C, H, W]` by repeating pixels.
    public static Tensor upsampleNearest2x(Tensor x) {
        return torch.upsample_nearest2d(x, x.size(2) * 2, x.size(3) * 2);
    }

    /// Averages disjoint squares of `[B, C, H, W]`.
    public static Tensor averagePool(Tensor x, long size) {
        return torch.avg_pool2d(
                x,
                new long[] {size, size},
                new long[] {size, size},
                new long[] {0, 0},
                false,
                true,
                new LongOptional());
    }

    /// Mean cross-entropy of `[B, classes]` logits against int64 `[B]` classes.
    public static Tensor crossEntropy(Tensor logits, Tensor classes) {
        return torch.cross_entropy_loss(logits, classes);
    }

    /// Returns `[B, C, H, W]` with the channels of a pixel side by side in memory, the order in
    /// which convolutions are fast; `x` itself if it is so already. Layers keep the order.
    public static Tensor channelsLast(Tensor x) {
        return x.contiguous(torch.MemoryFormat.ChannelsLast);
    }

    // ---- types, devices, modes

    /// Returns `x` in another element type; `x` itself if it has it already.
    public static Tensor to(Tensor x, Dtype dtype) {
        return Dtype.of(x) == dtype ? x : x.to(dtype.scalarType());
    }

    /// Returns `x` on another device; `x` itself if it is there already.
    public static Tensor to(Tensor x, Device device) {
        boolean there =
                switch (device.kind()) {
                    case CPU -> x.is_cpu();
                    case CUDA -> x.is_cuda() && x.device().index() == device.index();
                    case META -> x.is_meta();
                };
        return there ? x : x.to(device.torch(), x.scalar_type());
    }

    /// Returns `x` on the device of `like`; `x` itself if it is there already.
    public static Tensor on(Tensor x, Tensor like) {
        return to(x, Device.of(like));
    }

    /// Returns `x` with the element type and device of `like`.
    public static Tensor like(Tensor x, Tensor like) {
        return x.to(like.device(), like.scalar_type());
    }

    /// Returns the single element of `x`.
    public static double item(Tensor x) {
        return x.item_double();
    }

    /// Returns whether every element of `x` is finite.
    public static boolean isFinite(Tensor x) {
        try (var scope = TensorScope.open()) {
            // NaN and infinity stay in a sum, which is several times faster than looking at each
            // element; but a sum may also overflow
            return Double.isFinite(x.sum().item_double()) || x.isfinite().all().item_double() != 0;
        }
    }

    /// Returns the largest absolute difference of two tensors, compared in float64; NaN if either
    /// has one.
    public static double maxAbsDifference(Tensor x, Tensor y) {
        try (var scope = TensorScope.open()) {
            return x.numel() == 0
                    ? 0
                    : item(to(x, Dtype.FLOAT64).sub(to(y, Dtype.FLOAT64)).abs().max());
        }
    }

    /// Runs `body` without recording for gradients.
    public static <T> T noGrad(Supplier<T> body) {
        return gradMode(false, body);
    }

    /// Runs `body` with recording for gradients on or off, and restores the mode. Must not be
    /// called on virtual threads: the mode belongs to the operating system's thread.
    public static <T> T gradMode(boolean enabled, Supplier<T> body) {
        boolean before = GradMode.is_enabled();
        GradMode.set_enabled(enabled);
        try {
            return body.get();
        } finally {
            GradMode.set_enabled(before);
        }
    }

    /// Runs `body` with matrix products and convolutions in `dtype` while parameters stay float32
    /// (PyTorch's autocast); with float32 just runs it. Like the gradient mode this belongs to the
    /// operating system's thread.
    public static <T> T autocast(Dtype dtype, Device device, Supplier<T> body) {
        if (dtype == Dtype.FLOAT32) {
            return body.get();
        }
        DeviceType type = device.torch().type();
        boolean before = torch.is_autocast_enabled(type);
        torch.increment_nesting();
        torch.set_autocast_dtype(type, dtype.scalarType());
        torch.set_autocast_enabled(type, true);
        try {
            return body.get();
        } finally {
            torch.set_autocast_enabled(type, before);
            if (torch.decrement_nesting() == 0) {
                torch.clear_cache();
            }
        }
    }

    /// Returns whether operations are recorded for gradients now.
    public static boolean isGradEnabled() {
        return GradMode.is_enabled();
    }

    /// Sets how many threads libtorch computes with; for the whole process.
    public static void setThreads(int threads) {
        torch.set_num_threads(threads);
        Blas.setThreads(threads);
    }

    /// Returns how many threads libtorch computes with.
    public static int threads() {
        return torch.get_num_threads();
    }

    /// Returns the derivative of `value`, which has one element, by `x`, which records gradients.
    /// Gradients of parameters are left as they are.
    public static Tensor gradient(Tensor value, Tensor x) {
        return torch.grad(new TensorVector(value), new TensorVector(x)).get(0);
    }

    static TensorOptional optional(@Nullable Tensor t) {
        return t == null ? new TensorOptional() : new TensorOptional(t);
    }

    /// Returns how many native objects scopes of this thread hold now; for leak tests.
    public static long liveObjects() {
        return PointerScope.getInnerScope() == null ? 0 : org.bytedeco.javacpp.Pointer.totalCount();
    }
}
