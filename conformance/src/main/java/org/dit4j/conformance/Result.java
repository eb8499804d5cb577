package org.dit4j.conformance;

import java.nio.file.Path;
import java.util.List;

/// What came of one case.
///
/// @param name such as `diffusion/q_p`
/// @param file the case's json
/// @param status the worst of its findings
/// @param findings one for each compared tensor
/// @param message why the case is unsupported or could not be run; empty otherwise
/// @param seconds how long it took
public record Result(
        String name,
        Path file,
        Status status,
        List<Finding> findings,
        String message,
        double seconds) {
    /// Copies the list.
    public Result {
        findings = List.copyOf(findings);
    }
}
