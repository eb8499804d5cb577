package org.dit4j.app;

import java.io.PrintWriter;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.SamplerState;

/// A progress bar of a sampling run, on a terminal only.
final class SamplingProgress implements Progress, AutoCloseable {
    private final PrintWriter err;
    private final Bar bar;

    SamplingProgress(PrintWriter err) {
        this.err = err;
        bar = new Bar(err);
    }

    @Override
    public boolean proceed(SamplerState state, int calls) {
        bar.show("generating", state.call(), calls, "");
        return true;
    }

    @Override
    public void remark(String line) {
        err.println(line);
    }

    @Override
    public void close() {
        bar.close();
    }
}
