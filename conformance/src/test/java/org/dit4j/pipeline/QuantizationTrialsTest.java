package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.QuantizationTrials;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.conformance.SeededWeights;
import org.dit4j.tensor.QuantizedKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizationTrialsTest {
    /// Gemma's layers are called as those of the network, which is loaded at its first use.
    @Test
    void onlyTheNetworkOfAPipelineIsTried(@TempDir Path folder) {
        SeededWeights.expand(Path.of("cases/pipelines/lumina"), folder);
        Path network = folder.resolve("transformer");
        var trials = new QuantizationTrials(network, QuantizedKind.INT8, Quantization::usual);
        try (var pipeline = Pipelines.load(folder, LoadOptions.inference().withTrials(trials));
                var encoder = StateDict.open(folder.resolve("text_encoder"));
                var file = StateDict.open(network)) {
            assertThat(trials.matrices()).isEmpty();
            pipeline.generate(GenerationRequest.of("a cat").withSteps(1));
            assertThat(encoder.names()).anyMatch(Quantization::usual);
            assertThat(trials.matrices().stream().flatMap(m -> m.names().stream()))
                    .containsExactlyInAnyOrderElementsOf(
                            file.names().stream()
                                    .filter(Quantization::usual)
                                    .filter(n -> file.entry(n).shape().length == 2)
                                    .toList());
        }
    }
}
