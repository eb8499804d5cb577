package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Libtorch;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The program `dit4j`.
@Command(
        name = "dit4j",
        description = "Diffusion transformers for the JVM: generate, train, evaluate.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Versions.class,
        sortOptions = false,
        usageHelpAutoWidth = true,
        footer = {
            "",
            "Examples:",
            "  dit4j generate --class \"cat faces\" -o cats.png",
            "  dit4j generate --help",
            "  source <(dit4j generate-completion)"
        },
        subcommands = {
            // one command a line
            GenerateCommand.class,
            TrainCommand.class,
            EvaluateCommand.class,
            DataCommand.class,
            CalibrateCommand.class,
            InspectCommand.class,
            ConvertCommand.class,
            QuantizeCommand.class,
            ModelsCommand.class,
            PullCommand.class,
            VerifyCommand.class,
            BenchCommand.class,
            GenerateCompletion.class,
        })
public final class Dit4j implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--stacktrace",
            scope = ScopeType.INHERIT,
            description = "After an error, also print where in the program it arose.")
    private boolean stacktrace;

    private Dit4j() {}

    /// Runs the command line and ends the process: 0 success, 1 failure, 2 wrong usage.
    public static void main(String[] args) {
        var out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int code = run(out, err, args);
        out.flush();
        System.exit(code);
    }

    /// Runs the command line and returns the exit code.
    ///
    /// @param out receives results and help
    /// @param err receives error lines and progress
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        var program = new Dit4j();
        var line = new CommandLine(program);
        line.setOut(out).setErr(err).setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, _, _) -> Failure.report(e, err, program.stacktrace));
        line.setParameterExceptionHandler((e, _) -> Failure.usage(e, err));
        try {
            Libtorch.useFromEnvironment();
            return line.execute(args);
        } catch (ConfigException | OutOfMemoryError | StackOverflowError | LinkageError e) {
            return Failure.report(e, err, program.stacktrace);
        }
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
