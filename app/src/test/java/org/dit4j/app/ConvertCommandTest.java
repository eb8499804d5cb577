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
import org.dit4j.conformance.SeededWeights;
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

    /// The cases come from diffusers: what the converted network computes is compared with them.
    @ParameterizedTest
    @ValueSource(strings = {"sd3", "flux", "hunyuan-dit", "pixart", "sana", "lumina2", "wan"})
    void networksOfOtherFamiliesComputeTheSameInTheOtherLayout(String family) throws IOException {
        List<Path> cases = folders(CASES.resolve(family));
        assertThat(cases).isNotEmpty();
        for (Path seeded : cases) {
            Path from = drawn(seeded);
            Path there = folder.resolve(family).resolve(from.getFileName());
            Path back = folder.resolve("back").resolve(from.getFileName());
            copyCase(from, there);
            convert(from, there, "--layout", "original", "--force");
            assertThat(dit4j("verify", there.toString(), "--strict")).as(out.toString()).isZero();
            assertThat(out.toString()).contains("1 PASS, 0 FAIL");
            convert(there, back, "--layout", "diffusers");
            same(from, back);
            copyCase(from, back);
            assertThat(dit4j("verify", back.toString(), "--strict")).as(out.toString()).isZero();
        }
    }

    private static List<Path> folders(Path family) throws IOException {
        try (var all = Files.list(family)) {
            // the original code of Wan has no width of images but CLIP's
            return all.filter(f -> Files.isDirectory(f) && !f.endsWith("wan/i2v")).toList();
        }
    }

    @Test
    void whatTheOriginalCodeCannotSayIsOneLine() {
        assertThat(
                        run(
                                drawn(CASES.resolve("wan/i2v")),
                                folder.resolve("x"),
                                "--layout",
                                "original"))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("the wanted layout has no Wan like this", "imageWidth=");
    }

    /// A copy of a case with its weights, where they are committed as a seed.
    private Path drawn(Path seeded) {
        Path to = folder.resolve("cases").resolve(CASES.relativize(seeded));
        SeededWeights.expand(seeded, to);
        return to;
    }

    /// Copies what a case compares with, and adapters, but not the network.
    private static void copyCase(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.startsWith("io.") || name.contains("lora")) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }

    /// The original code has the same queries for both attentions, diffusers has them twice.
    @Test
    void luminasQueriesAreCopiedAndFoundAgain() {
        Path from = drawn(CASES.resolve("next-dit/t2i"));
        Path there = folder.resolve("there");
        Path back = folder.resolve("back");
        convert(from, there, "--layout", "diffusers");
        try (var a = StateDict.open(from);
                var b = StateDict.open(there)) {
            assertThat(Tensors.floats(b.tensor("layers.1.attn2.to_q.weight")))
                    .isEqualTo(Tensors.floats(a.tensor("layers.1.attention.wq.weight")));
        }
        convert(there, back, "--layout", "original");
        same(from, back);
    }

    @Test
    void whatTheOtherLayoutCannotSayIsOneLine() {
        for (var wrong :
                Map.of(
                                "flag-dit/t2i", "diffusers has no Flag-DiT",
                                "latte/class-original", "there is no other layout to choose",
                                "cogvideox/1.5-rotary-ofs", "there is no other layout to choose")
                        .entrySet()) {
            err.getBuffer().setLength(0);
            Path in = drawn(CASES.resolve(wrong.getKey()));
            assertThat(run(in, folder.resolve("x"), "--layout", "diffusers")).isEqualTo(1);
            assertThat(err.toString().lines())
                    .singleElement()
                    .asString()
                    .contains(wrong.getValue());
            assertThat(folder.resolve("x")).doesNotExist();
        }
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
        assertThat(err.toString()).contains("there is no other layout to choose");
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
        return dit4j(args.toArray(String[]::new));
    }

    private int dit4j(String... args) {
        return Dit4j.run(new PrintWriter(out), new PrintWriter(err), args);
    }
}
