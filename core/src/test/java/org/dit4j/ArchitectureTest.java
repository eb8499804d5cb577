package org.dit4j;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Holds the structure that `docs/architecture.md` describes.
class ArchitectureTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("org.dit4j");

    private static final List<String> PARTS =
            List.of(
                    "tensor",
                    "nn",
                    "checkpoint",
                    "model",
                    "autoencoder",
                    "text",
                    "diffusion",
                    "data");

    /// What each package may use of this project, besides itself and the exceptions in `org.dit4j`.
    private static final Map<String, List<String>> MAY_USE =
            Map.ofEntries(
                    Map.entry("tensor", List.of()),
                    Map.entry("codec", List.of()),
                    Map.entry("nn", List.of("tensor")),
                    Map.entry("checkpoint", List.of("tensor", "nn")),
                    Map.entry("model", List.of("tensor", "nn", "checkpoint")),
                    Map.entry("autoencoder", List.of("tensor", "nn", "checkpoint")),
                    Map.entry("text", List.of("tensor", "nn", "checkpoint")),
                    Map.entry("diffusion", List.of("tensor", "nn", "checkpoint")),
                    Map.entry("data", List.of("tensor", "nn", "checkpoint", "codec")),
                    Map.entry("pipeline", PARTS),
                    Map.entry("train", with(with(PARTS, "pipeline"), "eval")),
                    Map.entry("eval", with(PARTS, "pipeline")));

    private static List<String> with(List<String> parts, String more) {
        return Stream.concat(parts.stream(), Stream.of(more)).toList();
    }

    static Stream<String> packages() {
        return MAY_USE.keySet().stream().sorted();
    }

    @Test
    void theRulesSeeTheWholeLibrary() {
        assertThat(CLASSES.size()).isGreaterThan(100);
        assertThat(CLASSES.stream().map(JavaClass::getPackageName).distinct())
                .allMatch(
                        p ->
                                p.equals("org.dit4j")
                                        || MAY_USE.containsKey(p.substring("org.dit4j.".length())),
                        "is a package that the architecture names");
    }

    @ParameterizedTest
    @MethodSource("packages")
    void aPackageUsesOnlyWhatStandsToItsRight(String part) {
        var forbidden =
                Stream.concat(MAY_USE.keySet().stream(), Stream.of("app", "conformance", "bench"))
                        .filter(p -> !p.equals(part) && !MAY_USE.get(part).contains(p))
                        .map(p -> "org.dit4j." + p + "..")
                        .toArray(String[]::new);
        noClasses()
                .that(resideInAPackage("org.dit4j." + part + ".."))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(forbidden)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void thereAreNoCyclesBetweenPackages() {
        slices().matching("org.dit4j.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void onlyTheTensorPackageKnowsMoreOfLibtorchThanTensor() {
        // Tensor with its superclasses, and Pointer for Tensor::close, which is declared there
        var vocabulary =
                nameMatching(
                        "\\[?L?org\\.bytedeco\\.(pytorch\\.(Tensor|TensorBase|AbstractTensor)|javacpp\\.Pointer);?");
        noClasses()
                .that(resideOutsideOfPackages("org.dit4j.tensor..", "org.dit4j.codec.."))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco..").and(not(vocabulary)))
                .check(CLASSES);
    }

    @Test
    void onlyTheCodecPackageKnowsFfmpegAndItKnowsNoLibtorch() {
        noClasses()
                .that(resideOutsideOfPackage("org.dit4j.codec.."))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.ffmpeg.."))
                .check(CLASSES);
        noClasses()
                .that(resideInAPackage("org.dit4j.codec.."))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.pytorch.."))
                .check(CLASSES);
    }

    @Test
    void onlyTheTensorPackageHandlesOwnershipOfNativeMemory() {
        noClasses()
                .that(resideOutsideOfPackage("org.dit4j.tensor.."))
                .should()
                .accessTargetWhere(target(name("retainReference")))
                .orShould()
                .accessTargetWhere(target(name("releaseReference")))
                .orShould()
                .accessTargetWhere(target(name("deallocate")))
                .check(CLASSES);
    }

    @Test
    void theLibraryPrintsNothingAndThrowsItsOwnExceptions() {
        NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(CLASSES);
        NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(CLASSES);
        NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS.check(CLASSES);
    }

    @Test
    void classesAreNamedAfterWhatTheyAre() {
        classes()
                .should()
                .haveNameNotMatching(".*(Impl|Base|Utils?|Manager|Helper)")
                .check(CLASSES);
    }

    @Test
    void filesAreShortEnoughToRead() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            assertThat(
                            files.filter(f -> f.toString().endsWith(".java"))
                                    .filter(f -> lines(f) > 400))
                    .as("files of more than 400 lines")
                    .isEmpty();
        }
    }

    private static long lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
