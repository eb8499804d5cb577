package org.dit4j.app;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Dit;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.QuantizedKind;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// One call of a network with random weights: half of the batch with a class, half without, as
/// guidance asks for it.
record SampledStep(Dit dit, Tensor x, Tensor t, Tensor y) implements Runnable, AutoCloseable {
    static SampledStep of(Dit.Config config, int batch, Dtype dtype, Device device) {
        try (var rng = Rng.seeded(0);
                var _ = TensorScope.open()) {
            var source = ParameterSource.initialising(rng, dtype, device);
            var dit = new Dit(source, config);
            dit.parameters().requireGrad(false);
            // modulations start at zero, and zeros may multiply faster than numbers
            dit.parameters()
                    .trained()
                    .forEach((name, w) -> {
                        if (name.contains("adaLN") || name.startsWith("final_layer")) {
                            w.copy_(Ops.mul(rng.normal(Shapes.of(w)), 0.02));
                        }
                    });
            int s = config.inputSize();
            Tensor x = Ops.to(Ops.to(rng.normal(batch, config.inChannels(), s, s), dtype), device);
            var labels = new long[batch];
            for (int i = 0; i < batch; i++) {
                labels[i] = i % 2 == 0 ? i % config.numClasses() : config.nullLabel();
            }
            return new SampledStep(
                    dit,
                    TensorScope.keep(x),
                    TensorScope.keep(Ops.to(Tensors.full(500, Dtype.FLOAT32, batch), device)),
                    TensorScope.keep(Ops.to(Tensors.of(labels, batch), device)));
        }
    }

    /// Returns the same step with the large matrices in small numbers, and closes this one.
    SampledStep quantized(QuantizedKind kind) {
        Dtype dtype = dit.dtype();
        Map<String, Tensor> plain = dit.parameters().all();
        Dit other =
                Checkpoints.load(
                        Quantization.round(
                                StateDict.of(plain, Map.of()), kind, Quantization::usual),
                        LoadOptions.inference().withDtype(dtype),
                        source -> new Dit(source, dit.config()));
        dit.close();
        return new SampledStep(other, x, t, y);
    }

    long parameters() {
        return dit.parameters().count();
    }

    @Override
    public void run() {
        Ops.noGrad(() -> {
            try (var _ = TensorScope.open()) {
                // waits for the device, since it reads the answer
                return Ops.isFinite(dit.forward(x, t, y));
            }
        });
    }

    @Override
    public void close() {
        x.close();
        t.close();
        y.close();
        dit.close();
    }
}
