package org.dit4j.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import org.dit4j.train.TrainingListener;

/// Shows how training goes on.
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private final Bar bar;

    private final Path run;
    private boolean draws = true;

    /// Shows the training in folder `run`.
    TrainingProgress(PrintWriter err, Path run) {
        bar = new Bar(err);
        this.run = run;
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
        if (what.equals("checkpoint")) {
            draw();
        } else {
            bar.note(what + ": " + file);
        }
    }

    /// Draws the curves. That needs fonts, which a small server may lack: training goes on without.
    private void draw() {
        if (!draws) {
            return;
        }
        try {
            LossCurves.write(run);
        } catch (IOException | RuntimeException | LinkageError | InternalError e) {
            draws = false;
            bar.note("no curves.png: " + e);
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
