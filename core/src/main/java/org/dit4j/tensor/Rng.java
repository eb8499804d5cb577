package org.dit4j.tensor;

import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// libtorch's CPU generator (Mersenne twister): the same seed gives the same numbers as
/// `torch.Generator().manual_seed(seed)` in Python, drawn in the same order.
///
/// Not thread-safe; every request and every training run has its own. Lives until [#close] or,
/// failing that, until it is collected.
public final class Rng implements AutoCloseable {
    private final Generator generator;

    private Rng(Generator generator) {
        this.generator = generator;
    }

    /// Returns a generator with that seed.
    public static Rng seeded(long seed) {
        Generator g = torch.make_generator_cpu(seed);
        g.retainReference();
        return new Rng(g);
    }

    /// Returns a generator that goes on where the one that gave `state` stood.
    ///
    /// @param state what [#state] returned
    public static Rng restored(Tensor state) {
        Rng rng = seeded(0);
        rng.generator.set_state(state);
        return rng;
    }

    /// Draws float32 standard normal numbers, as `torch.randn(shape, generator=g)`.
    public Tensor normal(long... shape) {
        return torch.randn(shape, optional(), Tensors.options(Dtype.FLOAT32));
    }

    /// Draws float32 numbers uniform in [0, 1), as `torch.rand(shape, generator=g)`.
    public Tensor uniform(long... shape) {
        return Tensors.zeros(Dtype.FLOAT32, shape).uniform_(0, 1, optional());
    }

    /// Draws float64 numbers uniform in [0, 1).
    public Tensor uniform64(long... shape) {
        return Tensors.zeros(Dtype.FLOAT64, shape).uniform_(0, 1, optional());
    }

    /// Draws int64 numbers uniform in `0 .. high - 1`, as `torch.randint(0, high, shape,
    /// generator=g)`.
    public Tensor integers(long high, long... shape) {
        return torch.randint(high, shape, optional(), Tensors.options(Dtype.INT64));
    }

    /// Draws a random order of `0 .. n - 1`, int64, as `torch.randperm(n, generator=g)`.
    public Tensor permutation(long n) {
        return torch.randperm(n, optional(), Tensors.options(Dtype.INT64));
    }

    /// Fills `x` in place with normal numbers and returns it.
    public Tensor fillNormal(Tensor x, double mean, double std) {
        return x.normal_(mean, std, optional());
    }

    /// Fills `x` in place with numbers uniform in [from, to) and returns it.
    public Tensor fillUniform(Tensor x, double from, double to) {
        return x.uniform_(from, to, optional());
    }

    /// Returns the whole state, uint8 `[5056]`, as `torch.Generator.get_state()`.
    public Tensor state() {
        return generator.get_state();
    }

    /// Frees the generator.
    @Override
    public void close() {
        generator.close();
    }

    private GeneratorOptional optional() {
        return new GeneratorOptional(generator);
    }
}
