package org.dit4j.app;

import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// One call of a network with random weights, as each step of sampling makes it. The inputs live in
/// the scope that was innermost when it was made.
record TimedNetwork(Parameters parameters, Supplier<Tensor> call)
        implements Runnable, AutoCloseable {
    /// Draws weights and inputs.
    static TimedNetwork of(
            TimedPreset preset, int layers, BenchPrecision precision, Device device) {
        try (var rng = Rng.seeded(0)) {
            var source = ParameterSource.initialising(rng, precision.dtype(), device);
            TimedPreset.Built plain = preset.build(source, layers);
            fillZeros(plain.parameters(), rng);
            TimedPreset.Built built =
                    precision.kind().isEmpty()
                            ? plain
                            : quantized(plain, precision, s -> preset.build(s, layers));
            var inputs =
                    new RandomInputs(
                            rng,
                            preset.batch(),
                            preset.size(),
                            preset.textTokens(),
                            precision.dtype(),
                            device);
            return new TimedNetwork(built.parameters(), built.call().apply(inputs));
        }
    }

    /// Modulations and last layers start at zero, and zeros may multiply faster than numbers.
    private static void fillZeros(Parameters parameters, Rng rng) {
        parameters.requireGrad(false);
        for (Tensor w : parameters.trained().values()) {
            try (var _ = TensorScope.open()) {
                if (w.dim() > 1 && w.any().item_double() == 0) {
                    w.copy_(Ops.mul(rng.normal(Shapes.of(w)), 0.02));
                }
            }
        }
    }

    /// Returns the same network with the large matrices in small numbers, and closes this one.
    private static TimedPreset.Built quantized(
            TimedPreset.Built plain,
            BenchPrecision precision,
            Function<ParameterSource, TimedPreset.Built> build) {
        try (Parameters numbers = plain.parameters()) {
            StateDict dict = StateDict.of(numbers.all(), Map.of());
            return Checkpoints.load(
                    Quantization.round(dict, precision.kind().orElseThrow(), Quantization::usual),
                    LoadOptions.inference().withDtype(precision.dtype()),
                    build);
        }
    }

    @Override
    public void run() {
        boolean finite =
                Ops.noGrad(() -> {
                    try (var _ = TensorScope.open()) {
                        // waits for the device, since it reads the answer
                        return Ops.isFinite(call.get());
                    }
                });
        ConfigException.require(finite, "the network gave numbers that are not finite");
    }

    @Override
    public void close() {
        parameters.close();
    }
}
