package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Convolutions;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// The layers of [AutoencoderOobleck], which map sounds `[B, C, N]` (diffusers
/// `autoencoder_oobleck.py`).
final class OobleckLayers {
    private static final int[] DILATIONS = {1, 3, 9};

    private OobleckLayers() {}

    /// A weight as direction and length: `g v / |v|`, over all axes but the first (Salimans and
    /// Kingma 2016, arXiv:1602.07868).
    ///
    /// @param g `[A, 1, 1]`
    /// @param v `[A, B, k]`
    record NormedWeight(Tensor g, Tensor v) {
        static NormedWeight of(ParameterSource source, long first, long second, long kernel) {
            // the lengths of the directions are not known before they are drawn
            Init init = Init.torchDefault();
            Tensor g = source.parameter("weight_g", Init.ones(), first, 1, 1);
            return new NormedWeight(g, source.parameter("weight_v", init, first, second, kernel));
        }

        Tensor value() {
            Tensor length = Ops.sum(v.square(), true, 1, 2).sqrt(); // [A, 1, 1]
            return v.mul(g.div(length));
        }
    }

    /// A convolution with a normed weight `[out, in, k]`.
    record Conv(
            NormedWeight weight, @Nullable Tensor bias, long stride, long padding, long dilation)
            implements Layer {
        /// Returns a convolution of odd kernel that keeps the length.
        static Conv of(ParameterSource source, long in, long out, long kernel, long dilation) {
            return new Conv(
                    NormedWeight.of(source, out, in, kernel),
                    source.parameter("bias", start(in * kernel), out),
                    1,
                    kernel / 2 * dilation,
                    dilation);
        }

        /// Returns a convolution that makes one of `stride` samples.
        static Conv shrinking(ParameterSource source, long in, long out, long stride) {
            long kernel = 2 * stride;
            return new Conv(
                    NormedWeight.of(source, out, in, kernel),
                    source.parameter("bias", start(in * kernel), out),
                    stride,
                    (stride + 1) / 2,
                    1);
        }

        /// Returns the last convolution of the decoder, which has no bias.
        static Conv last(ParameterSource source, long in, long out, long kernel) {
            return new Conv(NormedWeight.of(source, out, in, kernel), null, 1, kernel / 2, 1);
        }

        @Override
        public Tensor forward(Tensor x) {
            return Convolutions.conv1d(x, weight.value(), bias, stride, padding, dilation);
        }
    }

    /// A transposed convolution with a normed weight `[in, out, 2 stride]`.
    record Growing(NormedWeight weight, Tensor bias, long stride) implements Layer {
        static Growing of(ParameterSource source, long in, long out, long stride) {
            return new Growing(
                    NormedWeight.of(source, in, out, 2 * stride),
                    source.parameter("bias", start(out * 2 * stride), out),
                    stride);
        }

        @Override
        public Tensor forward(Tensor x) {
            return Convolutions.transposed1d(x, weight.value(), bias, stride, (stride + 1) / 2);
        }
    }

    private static Init start(long fan) {
        return Init.uniform(1 / Math.sqrt(fan));
    }

    /// The periodic nonlinearity `x + sin^2(a x) / b` with a and b of each channel, kept as
    /// logarithms (Ziyin et al. 2020, arXiv:2006.08195; `Snake1d`).
    ///
    /// @param alpha `[1, C, 1]`
    /// @param beta `[1, C, 1]`
    record Snake(Tensor alpha, Tensor beta) implements Layer {
        private static final double EPS = 1e-9;

        static Snake of(ParameterSource source, long channels) {
            return new Snake(
                    source.parameter("alpha", Init.zeros(), 1, channels, 1),
                    source.parameter("beta", Init.zeros(), 1, channels, 1));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor wave = x.mul(alpha.exp()).sin().square();
            return x.addcmul(Ops.add(beta.exp(), EPS).reciprocal(), wave);
        }
    }

    /// Two convolutions, each behind a snake, beside a shortcut (`OobleckResidualUnit`).
    record Residual(List<Layer> body) implements Layer {
        private static final long KERNEL = 7;

        static Residual of(ParameterSource source, long channels, long dilation) {
            return new Residual(
                    List.of(
                            Snake.of(source.at("snake1"), channels),
                            Conv.of(source.at("conv1"), channels, channels, KERNEL, dilation),
                            Snake.of(source.at("snake2"), channels),
                            Conv.of(source.at("conv2"), channels, channels, 1, 1)));
        }

        @Override
        public Tensor forward(Tensor x) {
            return x.add(Layer.chain(x, body));
        }
    }

    /// Returns three residual units that see further and further.
    static List<Layer> residuals(ParameterSource source, long channels) {
        var units = new ArrayList<Layer>();
        for (int dilation : DILATIONS) {
            String name = "res_unit" + (units.size() + 1);
            units.add(Residual.of(source.at(name), channels, dilation));
        }
        return units;
    }
}
