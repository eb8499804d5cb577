package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.dit4j.checkpoint.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @CsvSource({"step,fp32", "step,bf16", "train,fp32", "train,bf16"})
    void timesAreReportedAsJson(String what, String precision) {
        assertThat(
                        run(
                                what,
                                "--model",
                                "DiT-S/8",
                                "--input-size",
                                "16",
                                "--batch",
                                "3",
                                "--repeat",
                                "3",
                                "--precision",
                                precision,
                                "--json"))
                .as(err.toString())
                .isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.get("benchmark").asString()).isEqualTo(what);
        assertThat(json.get("precision").asString()).isEqualTo(precision);
        assertThat(json.get("parameters").asLong()).isEqualTo(33_142_016L);
        assertThat(json.get("seconds")).hasSize(3);
        double median = json.get("median").asDouble();
        assertThat(median)
                .isBetween(json.get("minimum").asDouble(), json.get("maximum").asDouble());
        assertThat(json.get("images_per_second").asDouble()).isEqualTo(3 / median);
        assertThat(json.get("spread").asDouble())
                .isEqualTo(json.get("maximum").asDouble() - json.get("minimum").asDouble());
    }

    @Test
    void textNamesModelAndMachine() {
        assertThat(run("step", "--model", "SiT-S/8", "--input-size", "8", "--repeat", "1"))
                .isZero();
        assertThat(out.toString()).contains("SiT-S/8", "latents 8x8", "median", "pictures/s");
    }

    @Test
    void halfOfTheBlocksTellsWhatTheOthersCost() {
        String[] args = {
            "step",
            "--model",
            "latte-s/8",
            "--layers",
            "2",
            "--input-size",
            "8",
            "--frames",
            "3",
            "--batch",
            "1",
            "--repeat",
            "3",
            "--json"
        };
        assertThat(run(args)).as(err.toString()).isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.get("model").asString()).isEqualTo("Latte-S/8");
        assertThat(json.get("latents").asString()).isEqualTo("3x8x8");
        assertThat(json.get("layers").asInt()).isEqualTo(2);
        assertThat(json.get("all_layers").asInt()).isEqualTo(6);
        assertThat(json.has("images_per_second")).isFalse();
        double two = json.get("median").asDouble();
        double one = json.get("seconds_of_1_of_them").asDouble();
        assertThat(json.get("estimated_seconds_of_all").asDouble())
                .isCloseTo(two + 4 * (two - one), within(1e-12));
    }

    @Test
    void partsAreNamed() {
        String[] args = {
            "step",
            "--model",
            "PixArt-alpha-256",
            "--layers",
            "2",
            "--input-size",
            "4",
            "--text-tokens",
            "5",
            "--repeat",
            "1",
            "--precision",
            "int8"
        };
        assertThat(run(args)).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains(
                        "2 of 28 blocks of PixArt-alpha-256",
                        "latents 4x4, text 5, batch 2",
                        "seconds of 1 of them",
                        "estimated seconds of all")
                .doesNotContain("pictures/s");
    }

    @ParameterizedTest
    @CsvSource({
        "DiT-S/8,--frames,2,a picture has an --input-size but no --frames",
        "Stable-Audio-Open-1.0,--input-size,8,a sound has --frames but no --input-size",
        "DiT-S/8,--text-tokens,2,DiT-S/8 has no text of any length: leave out --text-tokens",
        "SD3-medium,--layers,1,--layers must be 2 to 24 but is 1"
    })
    void whatTheNetworkHasNotIsOneLine(String model, String option, String value, String message) {
        assertThat(run("step", "--model", model, option, value)).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    @ParameterizedTest
    @CsvSource({
        "--model,DiT-XXL/2,no preset DiT-XXL/2",
        "--batch,0,--batch must be 1 to 4096 but is 0",
        "--repeat,-1,--repeat must be 1 to 100000 but is -1",
        "--input-size,33,input_size 33 must be divisible by patch_size 2",
        "--threads,-2,--threads must be 1 to 1024 but is -2"
    })
    void aBadArgumentIsOneLine(String option, String value, String message) {
        assertThat(run("step", option, value)).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    @Test
    void anUnknownPrecisionIsAUsageError() {
        assertThat(run("train", "--precision", "fp8")).isEqualTo(2);
        assertThat(err.toString()).contains("fp8");
    }

    @Test
    void blocksCountWhatRunsAndCompare() {
        String[] args = {
            "blocks", "--model", "sd3-medium", "--layers", "1", "--tokens", "4", "--text-tokens",
            "3", "--repeat", "2", "--precision", "bf16", "--baseline", "0.5", "--json"
        };
        assertThat(run(args)).as(err.toString()).isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        long d = 1536;
        long stream = 6 * d * (d + 1) + d * 3 * (d + 1) + d * (d + 1) + 8 * d * d + 5 * d;
        long mlp = d * (d + 1);
        long embeddings =
                d * (4 * 16 + 1) // patches
                        + d * 257
                        + mlp // time
                        + d * 2049
                        + mlp // pooled text
                        + d * 4097; // text
        assertThat(json.get("parameters").asLong()).isEqualTo(2 * stream + embeddings);
        assertThat(json.get("ratio_to_baseline").asDouble())
                .isEqualTo(json.get("median").asDouble() / 0.5);
    }

    @Test
    void aDecodedPictureInBfloat16IsNearlyThatOfFloat32() {
        assertThat(run("decode", "--size", "16", "--precision", "bf16", "--repeat", "1", "--json"))
                .as(err.toString())
                .isZero();
        JsonNode json = JsonFile.mapper().readTree(out.toString());
        assertThat(json.get("psnr_db").asDouble()).isBetween(30.0, 80.0);
    }

    @ParameterizedTest
    @CsvSource({
        "blocks,--tokens,1000,--tokens must be a square number but is 1000",
        "blocks,--layers,24,--layers must be 1 to 23 but is 24",
        "blocks,--baseline,0,--baseline must be a positive number of seconds but is 0.0",
        "decode,--size,100,--size must be a multiple of 8 but is 100"
    })
    void aBadNumberOfTheOthersIsOneLine(String what, String option, String value, String message) {
        assertThat(run(what, option, value)).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }

    private int run(String... args) {
        var all = new String[args.length + 1];
        all[0] = "bench";
        System.arraycopy(args, 0, all, 1, args.length);
        return Dit4j.run(new PrintWriter(out), new PrintWriter(err), all);
    }
}
