package org.dit4j.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// How far work has come: a bar with speed and time left on a terminal, elsewhere a line every half
/// minute. One stage after the other.
final class Bar implements AutoCloseable {
    private static final long LINE_EVERY_NANOS = 30_000_000_000L;
    private static final int DEFAULT_WIDTH = 100;

    /// What is counted.
    ///
    /// @param name behind a number
    /// @param size how much of it is one
    record Unit(String name, long size) {
        /// Things, one by one.
        static final Unit ONE = new Unit("", 1);

        /// Bytes, shown by the million.
        static final Unit MEGABYTES = new Unit(" MB", 1_000_000);
    }

    private final PrintWriter err;
    private final Unit unit;
    private final boolean terminal = isTerminal();
    private @Nullable ProgressBar bar;
    private String shown = "";
    private long lastLine;
    private long begun;
    private long first;

    Bar(PrintWriter err) {
        this(err, Unit.ONE);
    }

    Bar(PrintWriter err, Unit unit) {
        this.err = err;
        this.unit = unit;
    }

    // null with -Djdk.console=java.base, which the check does not think of
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
        @Nullable Console console = System.console();
        return console != null && console.isTerminal();
    }

    /// Shows that `done` of `total` are done.
    ///
    /// @param stage what is being done
    /// @param extra further numbers, or nothing
    void show(String stage, long done, long total, String extra) {
        if (!stage.equals(shown)) {
            close();
            shown = stage;
            lastLine = System.nanoTime();
            begun = lastLine;
            first = done;
        }
        if (terminal) {
            if (bar == null) {
                bar = open(stage, done, total);
            }
            bar.stepTo(done);
            bar.setExtraMessage(extra.isEmpty() ? "" : " " + extra);
        } else if (System.nanoTime() - lastLine >= LINE_EVERY_NANOS) {
            lastLine = System.nanoTime();
            err.println(
                    "%s %d/%d%s%s%s"
                            .formatted(
                                    stage,
                                    done / unit.size,
                                    total / unit.size,
                                    unit.name,
                                    left(done, total),
                                    extra.isEmpty() ? "" : "  " + extra));
        }
    }

    /// The time that the rest needs at the speed so far.
    private String left(long done, long total) {
        if (done <= first || total < done) {
            return "";
        }
        double nanos = (double) (lastLine - begun) / (done - first) * (total - done);
        long seconds = Math.round(nanos / 1e9);
        return ", %d:%02d:%02d left".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    private ProgressBar open(String stage, long done, long total) {
        return new ProgressBarBuilder()
                .setTaskName(stage)
                .setUnit(unit.name, unit.size)
                .setInitialMax(total)
                .startsFrom(Math.max(0, done - 1), Duration.ZERO)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(500)
                .showSpeed()
                .setConsumer(new ConsoleProgressBarConsumer(System.err, width()))
                .build();
    }

    /// The columns of the terminal. The progress bar would find them itself, but only by taking
    /// over the terminal's signals, and then Ctrl-C ends the program before anything is saved.
    private static int width() {
        try {
            Process stty =
                    new ProcessBuilder("stty", "size")
                            .redirectInput(new File("/dev/tty"))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String size = new String(stty.getInputStream().readAllBytes(), US_ASCII).strip();
            return size.matches("\\d{1,4} \\d{2,4}")
                    ? Integer.parseInt(size.substring(size.indexOf(' ') + 1)) - 1
                    : DEFAULT_WIDTH;
        } catch (IOException e) {
            return DEFAULT_WIDTH; // no such program, as on Windows
        }
    }

    /// Prints a line of its own.
    void note(String line) {
        if (bar != null) {
            bar.pause();
        }
        err.println(line);
        if (bar != null) {
            bar.resume();
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
