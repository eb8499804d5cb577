package org.dit4j.app.data;

import java.io.Console;
import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// One bar for each stage on a terminal, one line for each stage elsewhere.
final class ProgressBars implements Progress, AutoCloseable {
    private final PrintWriter err;
    private final boolean terminal = isTerminal();
    private String stage = "";
    private @Nullable ProgressBar bar;

    ProgressBars(PrintWriter err) {
        this.err = err;
    }

    // null with -Djdk.console=java.base, which the check does not think of
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
        @Nullable Console console = System.console();
        return console != null && console.isTerminal();
    }

    @Override
    public void report(String name, long done, long total) {
        if (!name.equals(stage)) {
            close();
            stage = name;
            if (terminal) {
                bar = open(name, total);
            } else {
                err.println(name + " ...");
                err.flush();
            }
        }
        if (bar != null) {
            bar.stepTo(done);
        }
    }

    private static ProgressBar open(String name, long total) {
        return new ProgressBarBuilder()
                .setTaskName(name)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(500)
                .build();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
