package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Parameters;

/// A trained network that says what pictures have in common: the distances of this package compare
/// its features.
///
/// Thread-safe: parameters are only read. Nothing is recorded for gradients.
public sealed interface FeatureNetwork extends AutoCloseable
        permits InceptionV3, PictureClassifier {
    /// Returns the features of pictures.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    /// @return float32 `[B, D]`
    Tensor features(Tensor x);

    /// Returns what the network makes of features: logits of its classes, for the Inception Score
    /// and for counting right answers.
    ///
    /// @param features `[B, D]`
    /// @return `[B, classes]`
    Tensor logits(Tensor features);

    /// Returns what the features are, in the words that a report needs beside every figure.
    String description();

    /// Returns all parameters, which live as long as the network.
    Parameters parameters();

    @Override
    default void close() {
        parameters().close();
    }
}
