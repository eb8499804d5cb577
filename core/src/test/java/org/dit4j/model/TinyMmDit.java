package org.dit4j.model;

import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.MmDit.HeadNorm;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;

/// A small MM-DiT for tests.
final class TinyMmDit {
    static final int TEXT = 8;
    static final int POOLED = 6;

    private TinyMmDit() {}

    static MmDit.Config tiny(HeadNorm norm) {
        return new MmDit.Config(8, 2, 4, 4, 24, 3, 3, TEXT, POOLED, 10, norm, Set.of(1));
    }

    static MmDit.Config tiny() {
        return tiny(HeadNorm.RMS);
    }

    /// What the network is given.
    record Inputs(Tensor x, Tensor t, Tensor text, Tensor pooled) {
        static Inputs of(Rng rng, int b, int h, int w) {
            return new Inputs(
                    rng.normal(b, 4, h, w),
                    Tensors.full(300, Dtype.FLOAT32, b),
                    rng.normal(b, 5, TEXT),
                    rng.normal(b, POOLED));
        }

        Inputs to(Dtype dtype) {
            return new Inputs(Ops.to(x, dtype), t, Ops.to(text, dtype), Ops.to(pooled, dtype));
        }
    }

    static Tensor predict(MmDit dit, Inputs in) {
        return Ops.noGrad(() -> dit.forward(in.x, in.t, in.text, in.pooled));
    }

    static MmDit trained(MmDit.Config config, Rng rng) {
        MmDit dit = MmDit.initialise(config, rng);
        randomise(dit, rng);
        return dit;
    }

    static void randomise(MmDit dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }
}
