package org.dit4j.train;

import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;

/// Fits `y = w x + noise` to points on a line: the smallest task with randomness in its loss.
final class LineTask implements TrainingTask {
    private final Parameters parameters;
    private final Tensor w;
    private final float spoil;

    /// @param spoil factor of the example with the largest x; infinite to provoke a failure
    LineTask(float spoil) {
        ParameterSource source = ParameterSource.initialising(Rng.seeded(1));
        w = source.parameter("line.weight", Init.constant(0.5), 1, 1);
        parameters = source.parameters();
        this.spoil = spoil;
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    @Override
    public int size() {
        return 7;
    }

    @Override
    public BatchLoss backward(int[] examples, Rng rng, double weight) {
        var x = new float[examples.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = examples[i] == 6 ? examples[i] * spoil : examples[i];
        }
        Tensor in = Tensors.of(x, x.length, 1);
        Tensor target = Ops.addScaled(Ops.mul(in, 2), rng.normal(x.length, 1), 0.1);
        Tensor error = in.matmul(w).sub(target);
        Tensor losses = error.mul(error).flatten();
        Tensor loss = losses.mean();
        Ops.mul(loss, weight).backward();
        return new BatchLoss(
                Map.of("loss", Ops.item(loss)), Tensors.floats(losses), new double[] {0.05, 0.95});
    }

    @Override
    public void sample(Path png) {}

    @Override
    public void export(Path folder) {
        Safetensors.write(folder.resolve("model.safetensors"), parameters().all(), Map.of());
    }
}
