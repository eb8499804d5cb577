package org.dit4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class FindingsTest {
    private static final Path CASE = Path.of("cases/models/dit/square-p2-sigma/io.json");

    @Test
    void equalTensorsPassAndDistantOnesFailWithThePlace() {
        Finding good = compare(new float[] {1, 2}, new float[] {1, 2.00001f});
        assertThat(good.status()).isEqualTo(Status.PASS);
        assertThat(good.tolerance()).isEqualTo(4e-5);
        Finding bad = compare(new float[] {1, 2}, new float[] {1, 2.1f});
        assertThat(bad.status()).isEqualTo(Status.FAIL);
        assertThat(bad.absolute()).isBetween(0.0999, 0.1001);
        assertThat(bad.relative()).isBetween(0.0499, 0.0501);
        assertThat(bad.note()).isEqualTo("at [0, 1] wanted 2.00000000 but got 2.09999990");
    }

    @Test
    void notANumberAndInfinitiesMustStandAtTheSamePlaces() {
        float nan = Float.NaN;
        float inf = Float.POSITIVE_INFINITY;
        assertThat(compare(new float[] {nan, inf}, new float[] {nan, inf}).status())
                .isEqualTo(Status.PASS);
        assertThat(compare(new float[] {1, 2}, new float[] {1, nan}).status())
                .isEqualTo(Status.FAIL);
        assertThat(compare(new float[] {1, inf}, new float[] {1, -inf}).status())
                .isEqualTo(Status.FAIL);
        assertThat(compare(new float[] {nan, 1}, new float[] {0, 1}).status())
                .isEqualTo(Status.FAIL);
    }

    @Test
    void anotherShapeFails() {
        try (var _ = TensorScope.open()) {
            Tensor a = Tensors.of(new float[] {1, 2}, 1, 2);
            Finding found = Comparison.of("x", a, a.reshape(2), Tolerance.FLOAT32);
            assertThat(found.status()).isEqualTo(Status.FAIL);
            assertThat(found.note()).isEqualTo("shape must be [1, 2] but is [2]");
        }
    }

    @Test
    void integersAreComparedExactly() {
        try (var _ = TensorScope.open()) {
            Tensor a = Tensors.of(new long[] {1L << 60}, 1);
            Tensor b = Tensors.of(new long[] {(1L << 60) + 1}, 1);
            assertThat(Comparison.of("n", a, a, Tolerance.byDtype(a)).status())
                    .isEqualTo(Status.PASS);
            assertThat(Comparison.of("n", a, b, Tolerance.byDtype(a)).status())
                    .isEqualTo(Status.FAIL);
        }
    }

    @Test
    void aCaseWithAllResultsComparedPasses() {
        Result result =
                run((c, out) ->
                        c.names().stream()
                                .filter(ReferenceCase::isOutput)
                                .forEach(n -> out.compare(n, c.tensor(n))));
        assertThat(result.status()).isEqualTo(Status.PASS);
        assertThat(result.name()).isEqualTo("models/dit/square-p2-sigma");
        assertThat(result.findings()).hasSize(3);
    }

    @Test
    void aForgottenResultIsUnsupported() {
        Result result = run((c, out) -> out.compare("c0.out.sample", c.tensor("c0.out.sample")));
        assertThat(result.status()).isEqualTo(Status.UNSUPPORTED);
        assertThat(result.findings().getLast().note())
                .isEqualTo("2 results not compared: c1.out.sample, c2.out.sample");
    }

    @Test
    void anExceptionFailsTheCaseAndKeepsWhatWasFound() {
        Result result =
                run((c, out) -> {
                    out.compare("c0.out.sample", Ops.add(c.tensor("c0.out.sample"), 1));
                    c.tensor("c7.out.sample");
                });
        assertThat(result.status()).isEqualTo(Status.FAIL);
        assertThat(result.message()).contains("has no tensor c7.out.sample");
        assertThat(result.findings()).hasSize(1);
    }

    @Test
    void aCaseThatNobodyKnowsIsUnsupported() {
        assertThat(Verification.run(CASE, Device.CPU, List.of()).status())
                .isEqualTo(Status.UNSUPPORTED);
    }

    private static Finding compare(float[] expected, float[] actual) {
        try (var _ = TensorScope.open()) {
            return Comparison.of(
                    "x", Tensors.of(expected, 1, 2), Tensors.of(actual, 1, 2), Tolerance.FLOAT32);
        }
    }

    private static Result run(BiConsumer<ReferenceCase, Findings> body) {
        CaseKind kind =
                new CaseKind() {
                    @Override
                    public boolean accepts(ReferenceCase c) {
                        return true;
                    }

                    @Override
                    public void run(ReferenceCase c, Findings out) {
                        body.accept(c, out);
                    }
                };
        return Verification.run(CASE, Device.CPU, List.of(kind));
    }
}
