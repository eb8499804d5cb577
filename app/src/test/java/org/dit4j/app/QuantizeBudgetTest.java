package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.QuantizationTrials;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Target;
import org.dit4j.eval.Psnr;
import org.dit4j.model.Dit;
import org.dit4j.pipeline.ClassNames;
import org.dit4j.pipeline.DiffusionProcess;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationDefaults;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.QuantizedKind;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class QuantizeBudgetTest {
    private static final Path CASES = Path.of("../conformance/cases/models");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir private Path folder;

    /// In 4 bits and float32 every processor computes with the numbers that are written.
    @Test
    void whatIsWrittenKeepsToTheBudgetAsItWasMeasured() {
        writeModel();
        assertThat(quantize("all", "int4", "2dB")).as(err.toString()).isZero();
        JsonNode all = scheme("all");
        assertThat(all.path("modules").size()).isEqualTo(8);
        assertThat(all.path("measured").path("kept").size()).isZero();
        JsonNode spread = all.path("measured").path("psnr_db");
        double budget = spread.path("mean").asDouble() - spread.path("deviation").asDouble() + 2;
        assertThat(quantize("some", "int4", String.valueOf((float) budget)))
                .as(err.toString())
                .isZero();
        JsonNode some = scheme("some");
        int kept = some.path("measured").path("kept").size();
        assertThat(kept).isBetween(1, 7);
        assertThat(some.path("modules").size()).isEqualTo(8 - kept);
        String first = some.path("measured").path("kept").get(0).path("module").asString();
        assertThat(some.path("modules").toString()).doesNotContain("\"" + first + "\"");
        assertThat(out.toString()).contains("share of error", first, "2 pictures in 3 steps");
        assertThat(some.path("measured").path("psnr_db").path("mean").asDouble())
                .isCloseTo(psnr("model", "some"), within(1e-4));
        assertThat(run("inspect", at("some"))).isZero();
        assertThat(out.toString()).contains("quantization_psnr");
    }

    private double psnr(String one, String other) {
        List<Picture> a = draw(one);
        List<Picture> b = draw(other);
        return IntStream.range(0, 2)
                .mapToDouble(i -> Psnr.of(a.get(i), b.get(i)))
                .average()
                .orElseThrow();
    }

    private List<Picture> draw(String model) {
        try (var pipeline = Pipelines.load(folder.resolve(model))) {
            // two pictures of two classes, with the seed of the command
            return pipeline.generate(
                    GenerationRequest.ofClasses("0", "1").withSeed(1000).withSteps(3));
        }
    }

    private JsonNode scheme(String model) {
        return JsonFile.tree(folder.resolve(model).resolve("transformer/config.json"))
                .path(Quantization.CONFIG);
    }

    @Test
    void whatCannotBeMeasuredOrReachedIsRefusedInOneLine() {
        writeModel();
        String network = CASES.resolve("dit/square-p2-sigma").toString();
        assertThat(run("quantize", network, at("q"), "--precision", "int8", "--budget", "30dB"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains(network + " is not the folder of a pipeline that draws them");
        assertThat(quantize("q", "int8", "109.9dB")).isEqualTo(1);
        assertThat(err.toString()).contains("no matrix can become int8 within 109.9 dB");
        assertThat(quantize("q", "int8", "much")).isEqualTo(1);
        assertThat(err.toString()).contains("--budget must look like 35dB but is much");
        assertThat(run("quantize", at("model"), at("q"), "--precision", "int8", "--steps", "2"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("--prompt, --pictures and --steps are for --budget");
        assertThat(folder.resolve("q")).doesNotExist();
    }

    /// diffusers keeps queries, keys and values apart, which this library joins.
    @ParameterizedTest
    @CsvSource({
        "dit/square-p2-sigma, blocks.0.attn.qkv.weight, 1",
        "dit-diffusers/square-p2-sigma, transformer_blocks.0.attn1.to_q.weight, 3"
    })
    void aTrialHasTheNumbersThatAreWritten(String name, String first, int parts) {
        Path network = CASES.resolve(name);
        String to = at("q");
        assertThat(run("quantize", network.toString(), to, "--precision", "int8")).isZero();
        var trials = new QuantizationTrials(network, QuantizedKind.INT8, Quantization::usual);
        try (var tried = Dit.load(network, LoadOptions.inference().withTrials(trials));
                var plain = Dit.load(network, LoadOptions.inference());
                var written = Dit.load(Path.of(to), LoadOptions.training());
                var _ = TensorScope.open()) {
            var qkv = trials.matrices().getFirst();
            assertThat(qkv.names()).hasSize(parts).startsWith(first);
            Map<String, Tensor> before = plain.parameters().all();
            Map<String, Tensor> after = written.parameters().all();
            assertThat(difference(qkv, before)).isZero();
            assertThat(difference(qkv, after)).isGreaterThan(1e-4);
            qkv.weight().quantize(true);
            assertThat(difference(qkv, after)).isZero();
            assertThat(tried.parameters().all().keySet()).isEqualTo(before.keySet());
        }
    }

    private static double difference(
            QuantizationTrials.Matrix qkv, Map<String, Tensor> parameters) {
        Tensor other = parameters.get("blocks.0.attn.qkv.weight");
        assertThat(other).isNotNull();
        return Ops.maxAbsDifference(qkv.weight().dense(), other.detach());
    }

    /// Two blocks of width 64 with random numbers.
    private void writeModel() {
        try (var rng = Rng.seeded(3)) {
            var config = new Dit.Config(8, 2, 4, 64, 2, 2, 4, 0.1, 2, false, Dit.Variant.ORIGINAL);
            var network = Dit.initialise(config, rng);
            Ops.noGrad(() -> {
                network.parameters().trained().values().forEach(w -> rng.fillNormal(w, 0, 0.2));
                return 0;
            });
            var autoencoder =
                    AutoencoderKl.initialise(
                            AutoencoderKl.Config.of(
                                    List.of(8, 8), 1, 4, 4, false, 16, LatentScale.of(1, 0)),
                            rng);
            var parts =
                    new DitPipeline.Parts(
                            network,
                            autoencoder,
                            DiffusionProcess.gaussian("linear", Target.V),
                            new ClassNames(List.of("circle", "square")));
            try (var pipeline = new DitPipeline(parts, new GenerationDefaults("dpm++2m", 4, 2))) {
                Pipelines.save(pipeline, folder.resolve("model"));
            }
        }
    }

    private int quantize(String to, String precision, String budget) {
        return run(
                "quantize",
                at("model"),
                at(to),
                "--precision",
                precision,
                "--budget",
                budget,
                "--pictures",
                "2",
                "--steps",
                "3");
    }

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    private int run(String... args) {
        return Dit4j.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }
}
