package org.dit4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The operators that take the time of a DiT-XL/2 step at 256 pixels with guidance: 2 pictures of
/// 256 tokens, width 1152, 16 heads.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"
        })
public class OperatorBenchmark {
    private static final long BATCH = 2;
    private static final long TOKENS = 256;
    private static final long WIDTH = 1152;
    private static final long HEADS = 16;
    private static final long HIDDEN = 4 * WIDTH;

    /// Element type of all tensors.
    @Param({"FLOAT32", "BFLOAT16"})
    public Dtype dtype = Dtype.FLOAT32;

    private final List<Tensor> kept = new ArrayList<>();
    private Tensor x = new Tensor();
    private Tensor hidden = new Tensor();
    private Tensor weight = new Tensor();
    private Tensor bias = new Tensor();
    private Tensor q = new Tensor();

    /// Draws the operands.
    @Setup(Level.Trial)
    public void draw() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(0)) {
            x = normal(rng, BATCH, TOKENS, WIDTH);
            hidden = normal(rng, BATCH, TOKENS, HIDDEN);
            weight = normal(rng, HIDDEN, WIDTH);
            bias = normal(rng, HIDDEN);
            q = normal(rng, BATCH, HEADS, TOKENS, WIDTH / HEADS);
        }
    }

    /// Frees them.
    @TearDown(Level.Trial)
    public void free() {
        kept.forEach(Tensor::close);
        kept.clear();
    }

    /// The first layer of the feed-forward part, `[2, 256, 1152]` to `[2, 256, 4608]`.
    @Benchmark
    public void linear() {
        run(() -> Ops.linear(x, weight, bias));
    }

    /// Its activation.
    @Benchmark
    public void geluTanh() {
        run(() -> Ops.geluTanh(hidden));
    }

    /// Attention of 16 heads among 256 tokens.
    @Benchmark
    public void attention() {
        run(() -> AttentionKernel.attend(q, q, q, null, 1 / Math.sqrt(WIDTH / (double) HEADS)));
    }

    /// Layer norm without parameters.
    @Benchmark
    public void layerNorm() {
        run(() -> Ops.layerNorm(x, null, null, 1e-6));
    }

    private Tensor normal(Rng rng, long... shape) {
        Tensor t = TensorScope.keep(Ops.to(rng.normal(shape), dtype));
        kept.add(t);
        return t;
    }

    private static void run(Supplier<Tensor> operator) {
        Ops.noGrad(() -> {
            try (var _ = TensorScope.open()) {
                return operator.get().numel();
            }
        });
    }
}
