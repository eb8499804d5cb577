package org.dit4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Runs the committed cases, and all cases where they stand beside the repository.
class ReferenceCasesTest {
    private static final Path COMMITTED = Path.of("cases");
    private static final long LIMIT = 15_000_000;
    private static final Path ALL = Path.of("..", "..", "shared", "reference");

    @TestFactory
    Stream<DynamicTest> committedCasesPass() {
        return tests(COMMITTED);
    }

    @TestFactory
    Stream<DynamicTest> casesBesideTheRepositoryPass() {
        return Files.isDirectory(ALL) ? tests(ALL) : Stream.empty();
    }

    @Test
    void thereAreCommittedCasesOfEveryKind() {
        Set<CaseKind> kinds = new HashSet<>();
        for (Path file : Verification.cases(List.of(COMMITTED))) {
            try (var c = ReferenceCase.open(file)) {
                CaseKinds.ALL.stream().filter(k -> k.accepts(c)).findFirst().ifPresent(kinds::add);
            }
        }
        assertThat(CaseKinds.ALL).allMatch(kinds::contains);
    }

    @Test
    void theCommittedCasesStaySmall() throws IOException {
        try (Stream<Path> files = Files.walk(COMMITTED)) {
            long bytes = files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
            assertThat(bytes).as("bytes of conformance/cases").isLessThanOrEqualTo(LIMIT);
        }
    }

    private static Stream<DynamicTest> tests(Path root) {
        return Verification.cases(List.of(root)).stream()
                .map(file -> DynamicTest.dynamicTest(CasePath.of(file).name(), () -> check(file)));
    }

    private static void check(Path file) {
        Result result = Verification.run(file);
        var wrong = result.findings().stream().filter(f -> f.status() == Status.FAIL).toList();
        assertThat(result.status())
                .as("%s %s %s", result.name(), result.message(), wrong)
                .isNotEqualTo(Status.FAIL);
    }
}
