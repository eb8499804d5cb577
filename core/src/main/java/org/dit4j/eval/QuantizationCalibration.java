package org.dit4j.eval;

import java.util.List;
import org.dit4j.checkpoint.QuantizationTrials.Matrix;

/// Which matrices of a model are quantized so that its pictures keep to a budget.
///
/// @param matrices that were tried, the most sensitive first
/// @param kept how many of them, from the first on, stay as they are
/// @param predicted mean PSNR in dB, from the errors of the matrices one by one and the PSNR with
///   all of them quantized
/// @param measured PSNR of whole pictures
/// @param way how these were drawn
public record QuantizationCalibration(
        List<Sensitivity> matrices, int kept, double predicted, PsnrSpread measured, Way way) {
    /// What quantizing one matrix alone costs.
    ///
    /// @param matrix what is quantized
    /// @param error mean squared difference of the final latents
    /// @param share of the error in the sum of all matrices' errors, in [0, 1]
    public record Sensitivity(Matrix matrix, double error, double share) {
        /// Returns the error for each byte that the quantization saves.
        double price() {
            return error / Math.max(1, matrix.plain() - matrix.quantized());
        }
    }

    /// How pictures were drawn.
    ///
    /// @param pictures how many
    /// @param steps of the sampler
    /// @param sampler its name
    /// @param guidance its scale
    public record Way(int pictures, int steps, String sampler, double guidance) {}

    /// Copies the list.
    public QuantizationCalibration {
        matrices = List.copyOf(matrices);
    }

    /// Returns the matrices that stay as they are.
    public List<Sensitivity> keptMatrices() {
        return matrices.subList(0, kept);
    }

    /// Returns the names, in the file, of the matrices to quantize.
    public List<String> quantized() {
        return matrices.subList(kept, matrices.size()).stream()
                .flatMap(m -> m.matrix().names().stream())
                .toList();
    }
}
