package org.dit4j.pipeline;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.tensor.Ops;

/// A network that was trained on the straight path, `(1 - s) data + s noise`, as one on the circle,
/// `cos t data + sin t noise` (Chen et al. 2025, arXiv:2503.09641, section 3.1; diffusers,
/// `pipeline_sana_sprint.py`). Both have the same ratio of noise to data where `s = sin t / (cos t
/// + sin t)`, and samples there differ by the factor `r = sqrt(s^2 + (1 - s)^2)`.
final class TrigFlow {
    private TrigFlow() {}

    /// Returns the derivative by the angle, `cos t noise - sin t data`.
    ///
    /// @param flow takes `[B, C, ...]` and s, `[B]` in [0, 1]; says `noise - data`
    /// @return takes samples on the circle, for data of standard deviation 1, and t, `[B]`
    static Denoiser of(Denoiser flow) {
        return (x, t) -> {
            Tensor sine = t.sin();
            Tensor s = sine.div(t.cos().add(sine)); // [B]
            var shape = new long[(int) x.dim()];
            Arrays.fill(shape, 1);
            shape[0] = x.size(0);
            Tensor noise = Ops.on(s.reshape(shape), x);
            Tensor data = Ops.add(Ops.mul(noise, -1), 1); // 1 - s
            Tensor square = noise.mul(noise).add(data.mul(data)); // r^2 = 1 - 2 s + 2 s^2
            Tensor r = square.sqrt();
            Tensor straight = x.mul(r);
            Tensor v = flow.predict(straight, s);
            return straight.mul(data.sub(noise)).add(square.mul(v)).div(r);
        };
    }
}
