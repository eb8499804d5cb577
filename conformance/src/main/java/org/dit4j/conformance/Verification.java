package org.dit4j.conformance;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.dit4j.Dit4jException;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.TensorScope;

/// Runs reference cases and reports how far this library and this machine are from them.
public final class Verification {
    private Verification() {}

    /// Runs every case at `paths`.
    ///
    /// @param paths the folder of all cases, a folder in it, or single cases (their json, their
    ///   safetensors, or the path without an ending)
    /// @return one result for each case, sorted by path; never empty
    /// @throws org.dit4j.ConfigException if a path does not exist or holds no case
    public static List<Result> run(List<Path> paths) {
        return run(paths, Device.CPU, result -> {});
    }

    /// Runs every case at `paths` and hands each result to `listener` as soon as it is there.
    ///
    /// @param device of the networks; on META only shapes are compared, and that results are there
    public static List<Result> run(List<Path> paths, Device device, Consumer<Result> listener) {
        var results = new ArrayList<Result>();
        for (Path file : cases(paths)) {
            Result result = run(file, device);
            listener.accept(result);
            results.add(result);
        }
        return List.copyOf(results);
    }

    /// Returns the json files of the cases at `paths`, without running them.
    public static List<Path> cases(List<Path> paths) {
        return CaseFiles.find(paths);
    }

    /// Runs one case. Whatever goes wrong in it is its result: nothing is thrown but errors of the
    /// machine.
    public static Result run(Path file) {
        return run(file, Device.CPU);
    }

    /// Runs one case with its networks on a device.
    public static Result run(Path file, Device device) {
        return run(file, device, CaseKinds.ALL);
    }

    static Result run(Path file, Device device, List<CaseKind> kinds) {
        long start = System.nanoTime();
        String name = CasePath.of(file).name();
        Findings findings = null;
        Status status;
        String message = "";
        try (var reference = ReferenceCase.open(file, device);
                var _ = TensorScope.open()) {
            name = reference.name();
            findings = new Findings(reference);
            Optional<CaseKind> kind = kindOf(reference, kinds);
            if (kind.isPresent()) {
                kind.get().run(reference, findings);
                findings.finish();
                status = findings.status();
            } else {
                status = Status.UNSUPPORTED;
                message = "no code for this kind of case yet";
            }
        } catch (RuntimeException e) {
            status = Status.FAIL;
            message = describe(e);
        }
        List<Finding> all = findings == null ? List.of() : findings.all();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Result(name, file, status, all, message, seconds);
    }

    private static Optional<CaseKind> kindOf(ReferenceCase reference, List<CaseKind> kinds) {
        return kinds.stream().filter(kind -> kind.accepts(reference)).findFirst();
    }

    private static String describe(RuntimeException e) {
        String message = e.getMessage();
        if (message == null || !(e instanceof Dit4jException)) {
            message = String.valueOf(e);
        }
        return String.join(" ", message.lines().limit(2).toList());
    }
}
