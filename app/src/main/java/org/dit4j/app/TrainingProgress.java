package org.dit4j.app;

import java.io.Console;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.dit4j.train.TrainingListener;
import org.jspecify.annotations.Nullable;

/// Shows how training goes on: a bar with speed and time left on a terminal, a line now and then in
/// a log file.
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private static final long LINE_EVERY_NANOS = 30_000_000_000L;

    private final PrintWriter err;
    private final boolean terminal = isTerminal();
    private @Nullable ProgressBar bar;
    private String shown = "";
    private long lastLine = System.nanoTime() - LINE_EVERY_NANOS;

    TrainingProgress(PrintWriter err) {
        this.err = err;
    }

    // null with -Djdk.console=java.base, which the check does not think of
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
        @Nullable Console console = System.console();
        return console != null && console.isTerminal();
    }

    @Override
    public void step(long step, long steps, double loss, double examplesPerSecond) {
        String extra =
                String.format(Locale.ROOT, "loss %.4f, %.1f examples/s", loss, examplesPerSecond);
        show("training", step, steps, extra);
    }

    @Override
    public void prepared(String what, long done, long total) {
        show(what, done, total, "");
    }

    private void show(String what, long done, long total, String extra) {
        if (terminal) {
            bar(what, done, total).stepTo(done).setExtraMessage(" " + extra);
            return;
        }
        long now = System.nanoTime();
        if (now - lastLine >= LINE_EVERY_NANOS || done == total) {
            lastLine = now;
            err.println(what + " " + done + "/" + total + (extra.isEmpty() ? "" : "  " + extra));
        }
    }

    private ProgressBar bar(String what, long done, long total) {
        if (bar == null || !shown.equals(what)) {
            close();
            shown = what;
            bar =
                    new ProgressBarBuilder()
                            .setTaskName(what)
                            .setInitialMax(total)
                            .startsFrom(done - 1, java.time.Duration.ZERO)
                            .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                            .setUpdateIntervalMillis(500)
                            .showSpeed()
                            .build();
        }
        return Objects.requireNonNull(bar);
    }

    @Override
    public void wrote(String what, Path file) {
        if (!what.equals("checkpoint")) {
            note(what + ": " + file);
        }
    }

    @Override
    public void note(String line) {
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
