package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class TimedFamiliesTest {
    /// One of each kind.
    static Stream<String> kinds() {
        return Stream.of(
                "DiT-S/8",
                "SiT-S/8",
                "HunyuanDiT-B/2",
                "SD3-medium",
                "SD3.5-medium",
                "FLUX.1-dev",
                "FLUX.1-schnell",
                "PixArt-alpha-256",
                "PixArt-alpha-1024",
                "Sana-0.6B-512",
                "Sana-Sprint-0.6B",
                "Flag-DiT-600M/2",
                "Flag-DiT-T2I-5B/2",
                "Next-DiT-T2I-2B/2",
                "Lumina2-2B/2",
                "Latte-S/8",
                "Latte-1",
                "Wan2.1-T2V-1.3B",
                "Wan2.1-I2V-14B",
                "CogVideoX-2B",
                "CogVideoX-5B-I2V",
                "CogVideoX1.5-5B-I2V",
                "Stable-Audio-Open-1.0");
    }

    /// All that `dit4j models` lists, whole with as many parameters.
    @Test
    void wholeNetworksAreThoseThatAreListed() {
        var out = new StringWriter();
        var writer = new PrintWriter(out);
        assertThat(Dit4j.run(writer, writer, "models", "--json")).isZero();
        JsonNode listed = JsonFile.mapper().readTree(out.toString()).get("presets");
        assertThat(TimedFamilies.names().filter(n -> !n.startsWith("SiT-")))
                .containsExactlyInAnyOrderElementsOf(listed.propertyNames());
        kinds().filter(n -> !n.startsWith("SiT-"))
                .map(TimedFamilies::of)
                .forEach(p ->
                        assertThat(p.count(p.layers()))
                                .as(p.name())
                                .isEqualTo(listed.get(p.name()).asLong()));
    }

    /// The forward of two layers takes the usual latents and gives as many, on libtorch's META
    /// device, whose tensors have shapes and no numbers.
    @ParameterizedTest
    @MethodSource("kinds")
    void latentsOfTheUsualSizeGoThrough(String name) {
        TimedPreset p = TimedFamilies.of(name);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(0)) {
            TimedPreset.Built built = p.build(ParameterSource.counting(), 2);
            try (var _ = built.parameters()) {
                built.parameters().requireGrad(false);
                Tensor y = Ops.noGrad(() -> built.call().apply(inputs(rng, p)).get());
                LatentSize s = p.size();
                long places =
                        Stream.of(s.frames(), s.height(), s.width())
                                .filter(n -> n > 0)
                                .mapToLong(n -> n)
                                .reduce(p.batch(), (a, b) -> a * b);
                assertThat(Device.of(y)).isEqualTo(Device.META);
                assertThat(Shapes.of(y)[0]).isEqualTo(p.batch());
                assertThat(y.numel() % places).isZero();
                assertThat(y.numel() / places).isBetween(4L, 64L);
            }
        }
    }

    private static RandomInputs inputs(Rng rng, TimedPreset p) {
        return new RandomInputs(
                rng, p.batch(), p.size(), p.textTokens(), Dtype.FLOAT32, Device.META);
    }

    @ParameterizedTest
    @CsvSource({
        "flux.1-DEV,FLUX.1-dev,19,128x128",
        "wan2.1-t2v-14b,Wan2.1-T2V-14B,40,21x60x104",
        "Latte-S/2,Latte-S/2,6,16x32x32",
        "HunyuanDiT-g/2,HunyuanDiT-g/2,20,128x128",
        "Stable-Audio-Open-1.0,Stable-Audio-Open-1.0,24,1024"
    })
    void namesAreFoundInAnyCase(String given, String name, int layers, String size) {
        TimedPreset preset = TimedFamilies.of(given);
        assertThat(preset.name()).isEqualTo(name);
        assertThat(preset.layers()).isEqualTo(layers);
        assertThat(preset.size()).hasToString(size);
    }

    @Test
    void anUnknownNameIsRefused() {
        assertThatThrownBy(() -> TimedFamilies.of("DiT-XXL/2"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no preset DiT-XXL/2; `dit4j models` lists them");
    }
}
