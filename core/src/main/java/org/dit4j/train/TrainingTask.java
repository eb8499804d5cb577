package org.dit4j.train;

import java.nio.file.Path;
import java.util.Map;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Rng;

/// What is trained: a network, its examples, and the loss of a batch. The [Trainer] knows the rest.
public interface TrainingTask extends AutoCloseable {
    /// What one batch gave.
    ///
    /// @param terms named means over the batch; `loss` is what was minimised
    /// @param losses loss of each example, `[B]`
    /// @param positions where each example stood on the process's time axis, in [0, 1); empty if
    ///   there is no time
    record BatchLoss(Map<String, Double> terms, float[] losses, double[] positions) {}

    /// Returns the parameters of the network.
    Parameters parameters();

    /// Returns the number of examples.
    int size();

    /// Returns how often each example is seen, in proportion. All equally often by default.
    default double[] weights() {
        return ExampleOrder.equal(size());
    }

    /// Computes the mean loss of the examples and adds its gradient times `weight` to the
    /// parameters' gradients.
    ///
    /// @param examples indices of the batch
    /// @param rng every random draw comes from here, so that a resumed run repeats it
    /// @param weight 1 / number of batches that are accumulated
    BatchLoss backward(int[] examples, Rng rng, double weight);

    /// Draws pictures with the weights that the network has now, always from the same seed, into a
    /// PNG file.
    void sample(Path png);

    /// Measures the weights that the network has now on examples that it is not trained with: named
    /// numbers, written with the metrics whenever there are samples. Nothing by default.
    default Map<String, Double> measure() {
        return Map.of();
    }

    /// Writes the weights that the network has now into a folder that opens without this program.
    void export(Path folder);

    @Override
    default void close() {
        parameters().close();
    }
}
