package org.dit4j.conformance;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Weights that follow from their names: `values.weight_formula` of `metrics/inception`.
final class HashedWeights implements ParameterSource {
    private final String prefix;
    private final Parameters parameters;

    HashedWeights() {
        this("", new Parameters());
    }

    private HashedWeights(String prefix, Parameters parameters) {
        this.prefix = prefix;
        this.parameters = parameters;
    }

    @Override
    public ParameterSource at(String name) {
        return new HashedWeights(prefix + name + ".", parameters);
    }

    @Override
    public Tensor parameter(String name, Init init, long... shape) {
        String full = prefix + name;
        var values = new float[(int) Shapes.count(shape)];
        var crc = new CRC32();
        crc.update(full.getBytes(StandardCharsets.UTF_8));
        int seed = (int) crc.getValue();
        double offset = full.endsWith("bn.weight") || full.endsWith("running_var") ? 1 : 0;
        double factor = factor(full, values.length / (double) shape[0]);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (offset + factor * uniform(i, seed));
        }
        return parameters.add(full, TensorScope.keep(Tensors.of(values, shape)), true);
    }

    private static double factor(String name, double fanIn) {
        if (name.endsWith("conv.weight") || name.endsWith("fc.weight")) {
            return Math.sqrt(6 / fanIn);
        }
        if (name.endsWith("running_var")) {
            return 0.5;
        }
        return name.endsWith("fc.bias") ? 0.1 : 0.2;
    }

    /// Returns a number in [-1, 1) from 32 unsigned bits.
    private static double uniform(int i, int seed) {
        int h = i * 0x9E3779B1 + seed;
        h = (h ^ h >>> 15) * 0x85EBCA77;
        h = (h ^ h >>> 13) * 0xC2B2AE3D;
        h ^= h >>> 16;
        return 2 * Integer.toUnsignedLong(h) / 0x1p32 - 1;
    }

    @Override
    public Tensor buffer(String name, Supplier<Tensor> value, long... shape) {
        throw new Dit4jException("the formula has no fixed table " + prefix + name);
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }
}
