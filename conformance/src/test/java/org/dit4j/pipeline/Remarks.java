package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.SamplerState;

/// What a pipeline remarks on requests; stops them after the first call.
public final class Remarks implements Progress {
    private final List<String> lines = new ArrayList<>();

    private Remarks() {}

    /// Returns the lines of one request.
    public static List<String> of(MediaPipeline<?> pipeline, GenerationRequest request) {
        var remarks = new Remarks();
        pipeline.generate(request, remarks);
        return remarks.lines;
    }

    @Override
    public boolean proceed(SamplerState state, int calls) {
        return false;
    }

    @Override
    public void remark(String line) {
        lines.add(line);
    }
}
