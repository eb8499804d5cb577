package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;

/// How a sampler keeps the data that it predicts in range. Latents have no range: [None] is for
/// them.
public sealed interface DataLimit {
    /// Leaves the data as predicted.
    DataLimit NONE = new None();

    /// Returns `x0`, `[B, C, ...]`, limited.
    Tensor apply(Tensor x0);

    /// No limit.
    record None() implements DataLimit {
        @Override
        public Tensor apply(Tensor x0) {
            return x0;
        }
    }

    /// Cuts at a fixed value.
    ///
    /// @param range the largest absolute value
    record Clip(double range) implements DataLimit {
        /// Checks the range.
        public Clip {
            ConfigException.require(range > 0, "clip range must be above 0, not %s", range);
        }

        @Override
        public Tensor apply(Tensor x0) {
            return Ops.clamp(x0, -range, range);
        }
    }

    /// Dynamic thresholding (Saharia et al. 2022, section 2.3; diffusers, `scheduling_ddpm.py`,
    /// `_threshold_sample`): cuts each sample at a quantile s of its absolute values and divides by
    /// s, where s is at least 1.
    ///
    /// @param quantile in (0, 1]
    /// @param most s is at most this
    record Threshold(double quantile, double most) implements DataLimit {
        /// Checks the numbers.
        public Threshold {
            ConfigException.require(
                    quantile > 0 && quantile <= 1, "quantile must be in (0, 1], not %s", quantile);
            ConfigException.require(most > 0, "largest threshold must be above 0, not %s", most);
        }

        @Override
        public Tensor apply(Tensor x0) {
            Tensor flat = Ops.to(x0, Dtype.FLOAT32).flatten(1, -1); // [B, N]
            Tensor s = Ops.clamp(Ops.quantile(flat.abs(), quantile), 1, most).unsqueeze(1);
            Tensor cut = flat.minimum(s).maximum(s.neg()).div(s);
            return Ops.like(cut.reshape(org.dit4j.tensor.Shapes.of(x0)), x0);
        }
    }
}
