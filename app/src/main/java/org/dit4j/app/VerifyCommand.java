package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.dit4j.conformance.Result;
import org.dit4j.conformance.Status;
import org.dit4j.conformance.Verification;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Hardware;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j verify`: does this machine give the numbers of the reference implementations?
@Command(
        name = "verify",
        description = {
            "Recompute reference cases and compare the numbers.",
            "",
            "Walks the given folders for cases of the reference implementations (tensors that were"
                    + " given and computed, as safetensors beside a json), runs each through the"
                    + " library and prints the largest differences. Exits with 0 only if nothing"
                    + " failed."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j verify conformance/cases",
            "  dit4j verify conformance/cases/diffusion/q_p.json --verbose",
            "  dit4j verify conformance/cases/models/dit --strict --json",
            "  dit4j verify conformance/cases --device cuda"
        })
final class VerifyCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Folders or single cases.")
    private List<Path> paths = List.of();

    @Mixin private DeviceOption place = new DeviceOption();

    @Option(names = "--strict", description = "Also fail if a case is unsupported.")
    private boolean strict;

    @Option(names = "--verbose", description = "Print every tensor of every case.")
    private boolean verbose;

    @Option(names = "--json", description = "Print one JSON document instead of a table.")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Device device = place.device();
        List<Result> results;
        if (json) {
            results = Verification.run(paths, device, _ -> {});
            out.println(VerifyReport.json(results, Hardware.describe(device)));
        } else {
            out.println(VerifyReport.heading());
            results =
                    Verification.run(
                            paths,
                            device,
                            r -> VerifyReport.lines(r, verbose).forEach(out::println));
            out.println(VerifyReport.summary(results, Hardware.describe(device)));
        }
        boolean failed = VerifyReport.count(results, Status.FAIL) > 0;
        boolean unsupported = VerifyReport.count(results, Status.UNSUPPORTED) > 0;
        return failed || (strict && unsupported) ? 1 : 0;
    }
}
