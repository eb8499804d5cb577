package org.dit4j.nn;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Makes new parameters: filled by their [Init], or without memory when there is no generator.
final class FreshSource implements ParameterSource {
    private final @Nullable Rng rng;
    private final Dtype dtype;
    private final Device device;
    private final String prefix;
    private final Parameters parameters;

    FreshSource(@Nullable Rng rng, Dtype dtype, Device device) {
        this(rng, dtype, device, "", new Parameters());
    }

    private FreshSource(
            @Nullable Rng rng, Dtype dtype, Device device, String prefix, Parameters parameters) {
        this.rng = rng;
        this.dtype = dtype;
        this.device = device;
        this.prefix = prefix;
        this.parameters = parameters;
    }

    @Override
    public ParameterSource at(String name) {
        return new FreshSource(rng, dtype, device, prefix + name + ".", parameters);
    }

    @Override
    public Tensor parameter(String name, Init init, long... shape) {
        if (rng == null) {
            return parameters.add(prefix + name, meta(shape), true);
        }
        Tensor w =
                Ops.noGrad(() -> {
                    try (var _ = TensorScope.open()) {
                        Tensor drawn = Tensors.zeros(dtype, shape);
                        init.fill(drawn, rng);
                        return TensorScope.keep(Ops.to(drawn, device));
                    }
                });
        w.set_requires_grad(true);
        return parameters.add(prefix + name, w, true);
    }

    @Override
    public Tensor buffer(String name, Supplier<Tensor> value, long... shape) {
        return parameters.add(prefix + name, rng == null ? meta(shape) : copy(value), false);
    }

    private Tensor copy(Supplier<Tensor> value) {
        try (var _ = TensorScope.open()) {
            return TensorScope.keep(Ops.to(Ops.to(value.get(), dtype), device).clone());
        }
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    private Tensor meta(long... shape) {
        return TensorScope.keep(Tensors.meta(dtype, shape));
    }
}
