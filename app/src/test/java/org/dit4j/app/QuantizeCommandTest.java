package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizeCommandTest {
    private static final Path CASES = Path.of("../conformance/cases/models");
    private static final Path MODEL = Path.of("../models/emoji-zh-en");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    /// diffusers keeps queries, keys and values apart, which this library joins.
    @ParameterizedTest
    @ValueSource(strings = {"dit/square-p2-sigma", "dit-diffusers/square-p2-sigma"})
    void theNetworkPredictsNearlyTheSame(String network) {
        Path to = folder.resolve("q");
        assertThat(quantize(CASES.resolve(network), to, "int8")).as(err.toString()).isZero();
        try (var plain = Dit.load(CASES.resolve(network), LoadOptions.inference());
                var small = Dit.load(to, LoadOptions.inference());
                var _ = TensorScope.open()) {
            assertThat(small.config()).isEqualTo(plain.config());
            Tensor x = input(plain);
            Tensor a = predict(plain, x);
            Tensor b = predict(small, x);
            double error = Ops.item(a.sub(b).square().mean()) / Ops.item(a.square().mean());
            assertThat(Math.sqrt(error)).isBetween(1e-6, 0.02);
        }
    }

    private static Tensor input(Dit dit) {
        int s = dit.config().inputSize();
        var values = new float[dit.config().inChannels() * s * s];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(0.7 * i);
        }
        return Tensors.of(values, 1, dit.config().inChannels(), s, s);
    }

    private static Tensor predict(Dit dit, Tensor x) {
        return Ops.noGrad(() ->
                dit.forward(x, Tensors.full(300, Dtype.FLOAT32, 1), Tensors.of(new long[] {1}, 1)));
    }

    @ParameterizedTest
    @CsvSource({"int8, I8", "int4, U8"})
    void aPipelineOpensAsItIs(String precision, String type) throws IOException {
        Path to = folder.resolve("small");
        assertThat(quantize(MODEL, to, precision)).as(err.toString()).isZero();
        assertThat(out.toString()).contains("45 matrices in " + precision);
        Path network = to.resolve("transformer");
        assertThat(Files.readString(network.resolve("config.json")))
                .contains("\"quantization_config\"")
                .contains("joint_blocks.0.x_block.mlp.fc1")
                .doesNotContain("adaLN_modulation");
        assertThat(network.resolve("model.safetensors"))
                .content(java.nio.charset.StandardCharsets.ISO_8859_1)
                .contains("\"" + type + "\"");
        assertThat(to.resolve("vae/config.json")).exists();
        assertThat(run("inspect", to.toString())).isZero();
        assertThat(out.toString()).contains("MM-DiT").contains("quantization").contains(precision);
        assertThat(quantize(to, folder.resolve("again"), "int8")).isEqualTo(1);
        assertThat(err.toString()).contains("is quantized already").contains("is " + precision);
        assertThat(folder.resolve("again")).doesNotExist();
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(to);
        }
    }

    @Test
    void aFileBecomesAFileWithoutWhatIsKept() {
        Path to = folder.resolve("q.safetensors");
        Path from = folder.resolve("model.pt");
        assertThat(run("convert", CASES.resolve("dit/square-p2-sigma").toString(), from.toString()))
                .as(err.toString())
                .isZero();
        assertThat(
                        run(
                                "quantize",
                                from.toString(),
                                to.toString(),
                                "--precision",
                                "int8",
                                "--keep",
                                "mlp\\.fc2"))
                .as(err.toString())
                .isZero();
        try (var dict = StateDict.open(to)) {
            assertThat(Quantization.find(dict).keySet())
                    .contains("blocks.0.attn.qkv.weight", "blocks.0.mlp.fc1.weight")
                    .noneMatch(n -> n.contains("fc2") || n.contains("adaLN"));
        }
    }

    @Test
    void wrongOrdersAreRefused() throws IOException {
        Path there = Files.writeString(Files.createDirectory(folder.resolve("d")).resolve("x"), "");
        assertThat(quantize(MODEL, there.getParent(), "int8")).isEqualTo(1);
        assertThat(err.toString()).contains("exists; choose another name");
        assertThat(quantize(MODEL, folder.resolve("q"), "int3")).isEqualTo(2);
        assertThat(err.toString()).contains("int3");
        assertThat(quantize(MODEL.resolve("vae"), folder.resolve("q"), "int8")).isEqualTo(1);
        assertThat(err.toString()).contains("has no matrix of a block that can be quantized");
        assertThat(folder.resolve("q")).doesNotExist();
    }

    @Test
    void scalesThatFitNoMatrixAreRefused() {
        Path file = folder.resolve("bad.safetensors");
        try (var _ = TensorScope.open()) {
            Safetensors.write(
                    file,
                    Map.of(
                            "blocks.0.a.weight", Tensors.of(new byte[4], 2, 2),
                            "blocks.0.a.weight_scale", Tensors.of(new float[3], 3, 1)),
                    Map.of());
        }
        assertThat(run("inspect", file.toString())).isEqualTo(1);
        assertThat(err.toString())
                .contains("the scales of \"blocks.0.a.weight\" fit no known quantization");
    }

    private int quantize(Path from, Path to, String precision) {
        return run("quantize", from.toString(), to.toString(), "--precision", precision);
    }

    private int run(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        return Dit4j.run(
                new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(String[]::new));
    }
}
