package org.dit4j.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.dit4j.Dit4jException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Says in one line on stderr what went wrong.
final class Failure {
    private Failure() {}

    /// Prints one line, with `stacktrace` also the rest, and returns exit code 1.
    static int report(Throwable e, PrintWriter err, boolean stacktrace) {
        err.println("dit4j: " + line(e));
        if (stacktrace) {
            e.printStackTrace(err);
        }
        err.flush();
        return CommandLine.ExitCode.SOFTWARE;
    }

    /// Prints what is wrong with the arguments and where the help is, and returns exit code 2.
    static int usage(ParameterException e, PrintWriter err) {
        CommandLine command = e.getCommandLine();
        err.println("dit4j: " + oneLine(e.getMessage()));
        UnmatchedArgumentException.printSuggestions(e, err);
        String name = command.getCommandSpec().qualifiedName();
        err.println("Try '" + name + " --help'.");
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static String line(Throwable e) {
        return switch (e) {
            case Dit4jException own -> oneLine(own.getMessage());
            case UncheckedIOException io ->
                    prefix(io.getMessage(), io.getCause()) + file(io.getCause());
            case IOException io -> file(io);
            case OutOfMemoryError memory ->
                    "out of memory: %s; ask for fewer or smaller pictures at once, or give Java more with DIT4J_JAVA_OPTS=-Xmx4g"
                            .formatted(oneLine(memory.getMessage()));
            case LinkageError link ->
                    "a native library could not be loaded: " + oneLine(link.getMessage());
            default -> unexpected(e);
        };
    }

    /// libtorch reports its own lack of memory as a plain exception with a long C++ trace.
    private static String unexpected(Throwable e) {
        String message = oneLine(e.getMessage());
        if (message.contains("not enough memory") || message.contains("out of memory")) {
            return "out of memory: " + message;
        }
        return "internal error (%s): %s; --stacktrace shows where"
                .formatted(e.getClass().getSimpleName(), message);
    }

    private static String file(@Nullable IOException e) {
        return switch (e) {
            case null -> "no details";
            case NoSuchFileException missing -> "no such file or folder: " + missing.getFile();
            case AccessDeniedException denied -> "access denied: " + denied.getFile();
            case FileSystemException other when other.getReason() != null ->
                    other.getFile() + ": " + other.getReason();
            default -> "cannot read or write: " + oneLine(e.getMessage());
        };
    }

    private static String prefix(@Nullable String message, @Nullable IOException cause) {
        boolean own = message != null && !message.equals(String.valueOf(cause));
        return own ? oneLine(message) + ": " : "";
    }

    private static String oneLine(@Nullable String message) {
        if (message == null || message.isBlank()) {
            return "no details";
        }
        return message.strip().lines().findFirst().orElse(message).strip();
    }
}
