package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dit4j.checkpoint.LoadOptions;

/// The pipelines of diffusers that make videos and sounds and that there is code for, by the class
/// that `model_index.json` names.
final class ClipFamilies {
    /// What opens the network of a pipeline.
    ///
    /// @param <N> what it opens
    @FunctionalInterface
    interface Opener<N> {
        /// Opens the parts in a pipeline's folder.
        N open(Path folder, LoadOptions options, Residency residency);
    }

    /// A family.
    ///
    /// @param opener opens its network
    /// @param defaults steps and guidance of the class in diffusers
    /// @param <N> what it opens
    record Family<N>(Opener<N> opener, GenerationDefaults defaults) {}

    /// Those of videos.
    static final Map<String, Family<VideoNetwork>> VIDEOS =
            Map.of(
                    "CogVideoXPipeline",
                    new Family<>(
                            cogVideoX(CogVideoXPrompts.Kind.TEXT),
                            new GenerationDefaults("", 50, 6)),
                    "CogVideoXImageToVideoPipeline",
                    new Family<>(
                            cogVideoX(CogVideoXPrompts.Kind.IMAGE),
                            new GenerationDefaults("", 50, 6)),
                    "LattePipeline",
                    new Family<>(LattePrompts::new, new GenerationDefaults("", 50, 7.5)),
                    "WanPipeline",
                    new Family<>(wan(WanPrompts.Kind.TEXT), new GenerationDefaults("", 50, 5)),
                    "WanImageToVideoPipeline",
                    new Family<>(wan(WanPrompts.Kind.IMAGE), new GenerationDefaults("", 50, 5)));

    /// Those of sounds.
    static final Map<String, Family<AudioNetwork>> SOUNDS =
            Map.of(
                    "StableAudioPipeline",
                    new Family<>(StableAudioPrompts::new, new GenerationDefaults("", 100, 7)));

    private ClipFamilies() {}

    private static Opener<VideoNetwork> cogVideoX(CogVideoXPrompts.Kind kind) {
        return (folder, options, residency) ->
                new CogVideoXPrompts(folder, kind, options, residency);
    }

    private static Opener<VideoNetwork> wan(WanPrompts.Kind kind) {
        return (folder, options, residency) -> new WanPrompts(folder, kind, options, residency);
    }

    /// Returns what a pipeline of that class makes; pictures, if the class is none of these.
    static Medium medium(String className) {
        if (VIDEOS.containsKey(className)) {
            return Medium.VIDEOS;
        }
        return SOUNDS.containsKey(className) ? Medium.SOUNDS : Medium.PICTURES;
    }

    /// Returns the classes.
    static List<String> names() {
        var names = new ArrayList<String>();
        VIDEOS.keySet().stream().sorted().forEach(names::add);
        names.addAll(SOUNDS.keySet());
        return names;
    }
}
