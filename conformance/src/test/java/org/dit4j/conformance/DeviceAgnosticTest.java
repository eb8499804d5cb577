package org.dit4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Picture;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.MediaPipeline;
import org.dit4j.pipeline.Medium;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.Residency;
import org.dit4j.tensor.Device;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Runs the networks of the cases on META, which has shapes and no numbers. An operator fails there
/// if its tensors are on two devices, as it does on a GPU: so this finds what a network makes on
/// the CPU and forgets to move.
class DeviceAgnosticTest {
    /// A class of the one kind of pipelines, a prompt for the others.
    private static final GenerationRequest ASKED = GenerationRequest.of("1").withSteps(2);

    private static final Path MODELS = Path.of("..", "models");
    private static final Path ALL = Path.of("..", "..", "shared", "reference");

    @TestFactory
    Stream<DynamicTest> networksRunOnOneDevice() {
        return cases(List.of("models", "vae", "text"))
                .filter(opened(c -> c.device().equals(Device.META)))
                .map(f -> DynamicTest.dynamicTest(CasePath.of(f).name(), () -> check(f)));
    }

    /// Everything from the prompt to the decoded result; then its numbers are wanted.
    @TestFactory
    Stream<DynamicTest> pipelinesRunOnOneDevice() {
        return cases(List.of("pipelines"))
                .map(f -> DynamicTest.dynamicTest(CasePath.of(f).name(), () -> generate(f)));
    }

    /// The bilingual network too, whose text encoders are not libtorch's and stay on the CPU.
    @TestFactory
    Stream<DynamicTest> shippedPipelinesRunOnOneDevice() {
        LoadOptions options = LoadOptions.inference().withDevice(Device.META);
        return Stream.of("emoji", "emoji-zh-en")
                .map(name ->
                        DynamicTest.dynamicTest(
                                name,
                                () -> {
                                    try (var p = Pipelines.load(MODELS.resolve(name), options)) {
                                        generate(p, ASKED);
                                    }
                                }));
    }

    @Test
    void startsFromPartOfAPicture() {
        LoadOptions options = LoadOptions.inference().withDevice(Device.META);
        Picture given = Picture.of(8, 8, new byte[3 * 8 * 8]);
        try (var pipeline = Pipelines.load(MODELS.resolve("emoji"), options)) {
            generate(pipeline, ASKED.withSteps(4).withImage(given, 0.5).withMask(given));
        }
    }

    private static Stream<Path> cases(List<String> folders) {
        Stream<Path> roots = Stream.of(Path.of("cases"), ALL).filter(Files::isDirectory);
        return roots.flatMap(
                root -> Verification.cases(folders.stream().map(root::resolve).toList()).stream());
    }

    private static Predicate<Path> opened(Predicate<ReferenceCase> wanted) {
        return file -> {
            try (var c = ReferenceCase.open(file, Device.META)) {
                return wanted.test(c);
            }
        };
    }

    private static void check(Path file) {
        Result result = Verification.run(file, Device.META);
        var wrong = result.findings().stream().filter(f -> f.status() == Status.FAIL).toList();
        assertThat(result.status())
                .as("%s %s %s", result.name(), result.message(), wrong)
                .isEqualTo(Status.PASS);
    }

    private static void generate(Path file) {
        try (var c = ReferenceCase.open(file, Device.META);
                MediaPipeline<?> pipeline = pipeline(c)) {
            boolean video = Pipelines.medium(c.modelFolder()) == Medium.VIDEOS;
            GenerationRequest asked = video ? ASKED.withSize(64, 64) : ASKED;
            generate(pipeline, asked);
        }
    }

    private static void generate(MediaPipeline<?> pipeline, GenerationRequest asked) {
        assertThatThrownBy(() -> pipeline.generate(asked))
                .hasMessageContaining("Cannot copy out of meta tensor")
                .hasStackTraceContaining("org.dit4j.data.");
    }

    private static MediaPipeline<?> pipeline(ReferenceCase c) {
        return switch (Pipelines.medium(c.modelFolder())) {
            case PICTURES -> Pipelines.load(c.modelFolder(), c.loading());
            case VIDEOS -> Pipelines.loadVideo(c.modelFolder(), c.loading(), Residency.KEEP);
            case SOUNDS -> Pipelines.loadAudio(c.modelFolder(), c.loading(), Residency.KEEP);
        };
    }
}
