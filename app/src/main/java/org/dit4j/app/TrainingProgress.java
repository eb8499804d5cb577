package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import org.dit4j.train.TrainingListener;

/// Shows how training goes on.
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private final Bar bar;

    TrainingProgress(PrintWriter err) {
        bar = new Bar(err);
    }

    @Override
    public void step(long step, long steps, double loss, double examplesPerSecond) {
        String extra =
                String.format(Locale.ROOT, "loss %.4f, %.1f examples/s", loss, examplesPerSecond);
        bar.show("training", step, steps, extra);
    }

    @Override
    public void prepared(String what, long done, long total) {
        bar.show(what, done, total, "");
    }

    @Override
    public void wrote(String what, Path file) {
        if (!what.equals("checkpoint")) {
            bar.note(what + ": " + file);
        }
    }

    @Override
    public void note(String line) {
        bar.note(line);
    }

    @Override
    public void close() {
        bar.close();
    }
}
