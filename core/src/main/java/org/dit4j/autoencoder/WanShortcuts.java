package org.dit4j.autoencoder;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The stages of the autoencoder of Wan 2.2, beside which the features pass unlearned, averaged or
/// repeated (diffusers `autoencoder_kl_wan.py`, `AvgDown3D` and `DupUp3D`).
final class WanShortcuts {
    private WanShortcuts() {}

    /// A stage of the encoder: `body(x) + average(x)`, where the average is over the places that
    /// become one and over neighbouring channels.
    ///
    /// @param out channels of the result
    /// @param time frames that become one
    /// @param space rows and columns that become one
    record Down(List<VideoLayer> body, long out, long time, long space) implements VideoLayer {
        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            return VideoLayer.chain(x, body, chunk).add(average(x));
        }

        /// A first frame that has no partner is averaged with zeros.
        private Tensor average(Tensor x) {
            long b = x.size(0);
            long missing = (time - x.size(2) % time) % time;
            Tensor full = missing == 0 ? x : Ops.cat(2, zeros(x, missing), x);
            long f = full.size(2) / time;
            long h = x.size(3) / space;
            long w = x.size(4) / space;
            Tensor parts =
                    full.reshape(b, x.size(1), f, time, h, space, w, space)
                            .permute(0, 1, 3, 5, 7, 2, 4, 6); // [B, C, time, space, space, f, h, w]
            return parts.reshape(b, out, -1, f, h, w).mean(2); // [B, out, f, h, w]
        }

        private static Tensor zeros(Tensor x, long frames) {
            return Ops.like(
                    Tensors.zeros(Dtype.of(x), x.size(0), x.size(1), frames, x.size(3), x.size(4)),
                    x);
        }
    }

    /// A stage of the decoder: `body(x)`, plus the features repeated if `repeat` is not null.
    record Up(List<VideoLayer> body, @Nullable Repeat repeat) implements VideoLayer {
        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor h = VideoLayer.chain(x, body, chunk);
            return repeat == null ? h : h.add(repeat.forward(x, chunk));
        }
    }

    /// Repeats channels and lays them out as the places that one place becomes.
    ///
    /// @param out channels of the result
    /// @param time frames that one becomes; the first one of the video becomes the last of them
    /// @param space rows and columns that one becomes
    record Repeat(long out, long time, long space) implements VideoLayer {
        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            long b = x.size(0);
            long f = x.size(2);
            long h = x.size(3);
            long w = x.size(4);
            long times = out * time * space * space / x.size(1);
            Tensor repeated = x.unsqueeze(2).expand(b, x.size(1), times, f, h, w);
            Tensor laid =
                    repeated.reshape(b, out, time, space, space, f, h, w)
                            .permute(0, 1, 5, 2, 6, 3, 7, 4)
                            .reshape(b, out, f * time, h * space, w * space);
            return chunk.first() ? laid.narrow(2, time - 1, f * time - time + 1) : laid;
        }
    }
}
