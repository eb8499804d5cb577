package org.dit4j.tensor;

import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/// What this machine computes fast; measured once, where the answer decides between two right ways.
public final class Hardware {
    private Hardware() {}

    private static final class Bf16 {
        static final boolean FAST = measure();

        /// Times one linear layer both ways: bfloat16 is worth it where the processor multiplies it
        /// natively (AVX-512 BF16, AMX, arm64 BF16), and five times slower where it is emulated.
        private static boolean measure() {
            try (var scope = TensorScope.open()) {
                return Ops.noGrad(() -> time(Dtype.BFLOAT16) < time(Dtype.FLOAT32));
            }
        }

        private static long time(Dtype dtype) {
            Tensor x = Ops.to(Tensors.full(0.5, Dtype.FLOAT32, 128, 512), dtype);
            Tensor w = Ops.to(Tensors.full(0.5, Dtype.FLOAT32, 512, 512), dtype);
            long best = Long.MAX_VALUE;
            for (int i = 0; i < 4; i++) {
                long start = System.nanoTime();
                Ops.linear(x, w, null);
                best = Math.min(best, System.nanoTime() - start);
            }
            return best;
        }
    }

    /// Returns whether bfloat16 matrix products are faster than float32 on this machine's CPU.
    public static boolean fastBf16() {
        return Bf16.FAST;
    }

    /// Returns the processor's architecture and the number of libtorch's threads, for reports.
    public static String describe() {
        return "%s, %d threads"
                .formatted(System.getProperty("os.arch").toLowerCase(Locale.ROOT), Ops.threads());
    }
}
