package org.dit4j.app;

import java.util.ArrayList;
import java.util.List;
import org.dit4j.data.Picture;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;

/// Draws a picture for each of many prompts.
final class GeneratedPictures {
    /// How many prompts one request holds: the seed counts up from request to request.
    private static final int BATCH = 64;

    private GeneratedPictures() {}

    /// Returns one picture of each prompt, in their order. The i-th picture starts from the same
    /// noise whatever the prompts are.
    ///
    /// @param settings whatever of it is set goes for all pictures
    static List<Picture> of(
            Pipeline pipeline,
            GenerationRequest settings,
            List<String> prompts,
            String stage,
            Bar bar) {
        var pictures = new ArrayList<Picture>();
        for (int from = 0; from < prompts.size(); from += BATCH) {
            int n = Math.min(BATCH, prompts.size() - from);
            var request =
                    settings.withPrompts(prompts.subList(from, from + n))
                            .withCount(1)
                            .withSeed(settings.seed() + from / BATCH);
            pictures.addAll(pipeline.generate(request));
            bar.show(stage, pictures.size(), prompts.size(), "");
        }
        return pictures;
    }
}
