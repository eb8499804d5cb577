package org.dit4j.app;

import java.io.Console;
import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// How far work has come: a bar with speed and time left on a terminal, elsewhere a line every half
/// minute. One stage after the other.
final class Bar implements AutoCloseable {
    private static final long LINE_EVERY_NANOS = 30_000_000_000L;

    private final PrintWriter err;
    private final boolean terminal = isTerminal();
    private @Nullable ProgressBar bar;
    private String shown = "";
    private long lastLine;

    Bar(PrintWriter err) {
        this.err = err;
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
                    "%s %d/%d%s"
                            .formatted(stage, done, total, extra.isEmpty() ? "" : "  " + extra));
        }
    }

    private static ProgressBar open(String stage, long done, long total) {
        return new ProgressBarBuilder()
                .setTaskName(stage)
                .setInitialMax(total)
                .startsFrom(Math.max(0, done - 1), Duration.ZERO)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(500)
                .showSpeed()
                .build();
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
