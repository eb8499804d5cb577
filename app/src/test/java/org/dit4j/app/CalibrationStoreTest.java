package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.eval.CacheCalibration;
import org.dit4j.eval.CacheTrial;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Medium;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CalibrationStoreTest {
    @TempDir private Path temporary;
    private Path model;
    private CalibrationStore store;

    @BeforeEach
    void model() throws IOException {
        model = Files.createDirectories(temporary.resolve("hub/model"));
        Files.writeString(model.resolve("model.safetensors"), "weights");
        store = new CalibrationStore(model, temporary.resolve("other"), temporary.resolve("own"));
    }

    private static CacheCalibration calibration(int steps, double time) {
        var request = GenerationRequest.of("a cat").withSteps(steps);
        return new CacheCalibration(
                CacheCalibration.Way.of(request, "fp32"),
                25,
                8,
                List.of(new CacheTrial("taylor:3:1", 40, 2, time)));
    }

    @Test
    void calibrationsOfSeveralWaysStandInTheModelsFolder() {
        store.put(calibration(50, 0.4));
        store.put(calibration(20, 0.6));
        Path file = store.put(calibration(50, 0.3));
        assertThat(file).isEqualTo(model.resolve("cache_calibration.json"));
        assertThat(store.find(calibration(50, 1).way(), 25)).contains(calibration(50, 0.3));
        assertThat(store.find(calibration(20, 1).way(), 25)).contains(calibration(20, 0.6));
        assertThat(store.find(calibration(20, 1).way(), 20)).isEmpty();
        assertThat(store.find(calibration(30, 1).way(), 25)).isEmpty();
    }

    @Test
    void calibrationsOfOtherWeightsDoNotCount() throws IOException {
        store.put(calibration(50, 0.4));
        Files.writeString(model.resolve("model.safetensors"), "Weights");
        assertThat(store.find(calibration(50, 1).way(), 25)).isEmpty();
        store.put(calibration(20, 0.6));
        assertThat(store.find(calibration(20, 1).way(), 25)).isPresent();
        assertThat(store.find(calibration(50, 1).way(), 25)).isEmpty();
    }

    @Test
    void inTheCacheOfAHubNothingIsWritten() throws IOException {
        var shared =
                new CalibrationStore(model, temporary.resolve("hub"), temporary.resolve("own"));
        Path file = shared.put(calibration(50, 0.4));
        assertThat(file)
                .isEqualTo(temporary.resolve("own/" + shared.hash() + "-cache_calibration.json"));
        assertThat(model.resolve("cache_calibration.json")).doesNotExist();
        assertThat(shared.find(calibration(50, 1).way(), 25)).isPresent();
        Files.writeString(model.resolve("config.json"), "{}");
        assertThat(shared.find(calibration(50, 1).way(), 25)).isEmpty();
    }

    @Test
    void aDamagedFileIsOneClearLine() throws IOException {
        Path file = model.resolve("cache_calibration.json");
        Files.writeString(file, "{\"model\": \"x\", \"calibrations\": 3}");
        assertThatThrownBy(() -> store.put(calibration(50, 0.4)))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(file + ": calibrations");
    }

    @Test
    void budgetsAreDecibels() {
        assertThat(CacheOptions.decibel("--cache-budget", "35dB")).isEqualTo(35);
        assertThat(CacheOptions.decibel("--cache-budget", "32.5")).isEqualTo(32.5);
        for (String wrong : List.of("0dB", "110", "-3", "35 %", "")) {
            assertThatThrownBy(() -> CacheOptions.decibel("--cache-budget", wrong))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageStartingWith("--cache-budget must");
        }
    }

    @Test
    void optionsThatDoNotFitTogetherAreRefused() {
        var request = GenerationRequest.of("a cat");
        assertThat(options("--cache", "taylor:3:1").applied(request).caching().text())
                .isEqualTo("taylor:3:1");
        assertThatThrownBy(
                        () -> options("--cache", "off", "--cache-budget", "30dB").applied(request))
                .hasMessageStartingWith("--cache names a cache and --cache-budget looks for one");
        assertThatThrownBy(() -> options("--cache-measure").applied(request))
                .hasMessage("--cache-measure needs --cache or --cache-budget");
        assertThatThrownBy(() -> options("--cache-budget", "30dB").requireMeasurable(Medium.VIDEOS))
                .hasMessageEndingWith("this one makes videos: name a --cache");
    }

    private static CacheOptions options(String... args) {
        var options = new CacheOptions();
        var spec =
                CommandLine.Model.CommandSpec.create()
                        .addMixin(
                                "cache", CommandLine.Model.CommandSpec.forAnnotatedObject(options));
        new CommandLine(spec).parseArgs(args);
        return options;
    }
}
