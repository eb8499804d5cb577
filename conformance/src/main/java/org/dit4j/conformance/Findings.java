package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Tensors;

/// Collects what the comparison of one case found. Tensors are borrowed and not kept.
public final class Findings {
    private final ReferenceCase reference;
    private final List<Finding> all = new ArrayList<>();
    private final Set<String> seen = new LinkedHashSet<>();

    Findings(ReferenceCase reference) {
        this.reference = reference;
    }

    /// Compares `actual` with the tensor of that name in the case.
    public void compare(String tensor, Tensor actual) {
        compare(tensor, reference.tensor(tensor), actual);
    }

    /// Compares `actual` with the tensor of that name in the case, within `tolerance`.
    public void compare(String tensor, Tensor actual, Tolerance tolerance) {
        compare(tensor, reference.tensor(tensor), actual, tolerance);
    }

    /// Compares two tensors with the default tolerance of the expected element type: 2e-5 for
    /// float32, 1e-10 for float64, nothing for integers.
    public void compare(String tensor, Tensor expected, Tensor actual) {
        compare(tensor, expected, actual, Tolerance.byDtype(expected));
    }

    /// Compares two tensors: the largest absolute difference must not exceed the tolerance, and NaN
    /// and infinities must stand at the same places. Another shape fails.
    public void compare(String tensor, Tensor expected, Tensor actual, Tolerance tolerance) {
        seen.add(tensor);
        all.add(
                reference.device().equals(Device.META)
                        ? Comparison.shapes(tensor, expected, actual)
                        : Comparison.of(tensor, expected, actual, tolerance));
    }

    /// Compares two numbers that the case holds outside its tensors.
    public void compare(String name, double expected, double actual, Tolerance tolerance) {
        compare(
                name,
                Tensors.of(new double[] {expected}),
                Tensors.of(new double[] {actual}),
                tolerance);
    }

    /// Compares two texts or other plain values, which must be equal.
    public void same(String name, Object expected, Object actual) {
        seen.add(name);
        boolean equal = expected.equals(actual);
        String note = equal ? "" : "wanted %s but got %s".formatted(expected, actual);
        all.add(Finding.note(name, equal ? Status.PASS : Status.FAIL, note));
    }

    /// Records a failure that is no difference of numbers.
    public void fail(String tensor, String reason) {
        seen.add(tensor);
        all.add(Finding.note(tensor, Status.FAIL, reason));
    }

    /// Records that tensors cannot be recomputed, and why.
    ///
    /// @param prefix the beginning of their names, such as `c3.` or `out.tiled`
    public void unsupported(String prefix, String reason) {
        for (String name : reference.names()) {
            if (name.startsWith(prefix)) {
                seen.add(name);
            }
        }
        all.add(Finding.note(prefix, Status.UNSUPPORTED, reason));
    }

    /// Leaves out tensors that are no result of the library, such as what the reference records for
    /// its own check.
    ///
    /// @param prefix the beginning of their names
    public void leaveOut(String prefix) {
        reference.names().stream().filter(n -> n.startsWith(prefix)).forEach(seen::add);
    }

    /// Adds what was forgotten: results of the case that nothing was compared with.
    void finish() {
        List<String> forgotten =
                reference.names().stream()
                        .filter(name -> ReferenceCase.isOutput(name) && !seen.contains(name))
                        .toList();
        if (!forgotten.isEmpty()) {
            String some = String.join(", ", forgotten.subList(0, Math.min(6, forgotten.size())));
            String more = forgotten.size() > 6 ? ", ..." : "";
            String note = "%d results not compared: %s%s".formatted(forgotten.size(), some, more);
            all.add(Finding.note(forgotten.getFirst(), Status.UNSUPPORTED, note));
        }
    }

    /// A case in which nothing was compared is not passed.
    Status status() {
        return all.stream().map(Finding::status).reduce(Status::worse).orElse(Status.UNSUPPORTED);
    }

    List<Finding> all() {
        return List.copyOf(all);
    }
}
