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
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConvertCommandTest {
    private static final Path CASES = Path.of("../conformance/cases/models");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"there.safetensors", "there.pt", "there"})
    void theRoundTripIsBitExact(String there) {
        for (String in :
                new String[] {"dit/square-p2-sigma", "dit/train-checkpoint/checkpoint.pt"}) {
            Path from = CASES.resolve(in);
            convert(from, folder.resolve(there), "--layout", "diffusers", "--force");
            convert(
                    folder.resolve(there),
                    folder.resolve("back.pt"),
                    "--layout",
                    "original",
                    "--force");
            same(from, folder.resolve("back.pt"));
        }
    }

    /// The reference's `dit-diffusers` weights were converted from `dit` by diffusers' own script.
    @Test
    void theResultIsThatOfTheReference() {
        Path out = folder.resolve("d.safetensors");
        convert(CASES.resolve("dit/square-p2-sigma"), out, "--layout", "diffusers");
        same(CASES.resolve("dit-diffusers/square-p2-sigma"), out);
        Path back = folder.resolve("o.safetensors");
        convert(CASES.resolve("dit-diffusers/square-p2-sigma"), back, "--layout", "original");
        same(CASES.resolve("dit/square-p2-sigma"), back);
    }

    @Test
    void theElementTypeChanges() {
        Path out = folder.resolve("half");
        convert(CASES.resolve("dit/square-p2-sigma"), out, "--dtype", "bf16");
        try (var a = StateDict.open(CASES.resolve("dit/square-p2-sigma"));
                var b = StateDict.open(out)) {
            assertThat(b.names()).containsExactlyInAnyOrderElementsOf(a.names());
            for (String name : a.names()) {
                assertThat(b.entry(name).dtype()).isEqualTo(Dtype.BFLOAT16);
                float[] x = Tensors.floats(a.tensor(name));
                float[] y = Tensors.floats(b.tensor(name));
                for (int i = 0; i < x.length; i++) {
                    assertThat(Math.abs(y[i] - x[i])).isLessThanOrEqualTo(Math.abs(x[i]) / 256);
                }
            }
        }
        assertThat(out.resolve("config.json")).exists();
    }

    @Test
    void anyCheckpointCanChangeItsFormat() {
        Path vae = CASES.resolveSibling("vae").resolve("kl_sd");
        convert(vae, folder.resolve("vae.pt"));
        same(vae, folder.resolve("vae.pt"));
        assertThat(run(vae, folder.resolve("x.pt"), "--layout", "diffusers")).isEqualTo(1);
        assertThat(err.toString()).contains("is not a DiT, so it has no layout to choose");
        assertThat(folder.resolve("x.pt")).doesNotExist();
    }

    @Test
    void whatExistsIsKeptUnlessForced() throws IOException {
        Path file = Files.writeString(folder.resolve("a.pt"), "mine");
        Path in = CASES.resolve("dit/square-p2-sigma");
        fails(in, file, "exists; --force replaces it");
        assertThat(Files.readString(file)).isEqualTo("mine");
        fails(in, folder, "exists; --force replaces it");
        fails(in, folder.resolve("a.onnx.bin"), "wanted a name that ends in");
        convert(in, file, "--force");
        same(in, file);
    }

    @Test
    void aFailureLeavesNothingBehind() throws IOException {
        Path in = folder.resolve("in.safetensors");
        try (var _ = TensorScope.open()) {
            Safetensors.write(
                    in, Map.of("a", Tensors.scalar(1), "big", Tensors.scalar(1e6)), Map.of());
        }
        Path target = folder.resolve("out.pt");
        assertThat(run(in, target, "--dtype", "fp16")).isEqualTo(1);
        assertThat(err.toString()).contains("big has values beyond the range of float16");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(in);
        }
        fails(folder.resolve("missing.pt"), target, "there is no file or folder");
    }

    private void convert(Path from, Path to, String... options) {
        assertThat(run(from, to, options)).as(err.toString()).isZero();
    }

    private void fails(Path from, Path to, String message) {
        err.getBuffer().setLength(0);
        assertThat(run(from, to)).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    private static void same(Path expected, Path actual) {
        try (var a = StateDict.open(expected);
                var b = StateDict.open(actual)) {
            assertThat(b.names()).containsExactlyInAnyOrderElementsOf(a.names());
            for (String name : a.names()) {
                assertThat(b.entry(name).dtype()).isEqualTo(a.entry(name).dtype());
                assertThat(b.entry(name).shape()).isEqualTo(a.entry(name).shape());
                assertThat(Tensors.floats(b.tensor(name)))
                        .as(name)
                        .isEqualTo(Tensors.floats(a.tensor(name)));
            }
        }
    }

    private int run(Path from, Path to, String... options) {
        var args = new ArrayList<String>();
        args.add("convert");
        args.add(from.toString());
        args.add(to.toString());
        args.addAll(List.of(options));
        return Dit4j.run(new PrintWriter(out), new PrintWriter(err), args.toArray(String[]::new));
    }
}
