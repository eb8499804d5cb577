package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;

/// The text-to-image pipelines of diffusers that there is code for, by the class that
/// `model_index.json` names.
final class PromptFamilies {
    /// What opens the network of a pipeline.
    @FunctionalInterface
    interface Opener {
        /// Opens the parts in a pipeline's folder.
        PromptedNetwork open(Path folder, PipelineOptions options);
    }

    /// What opens a network that there are no ControlNets for.
    @FunctionalInterface
    private interface Plain {
        PromptedNetwork open(Path folder, LoadOptions options, Residency residency);
    }

    /// The line for families that there are no ControlNets for.
    static final String NO_CONTROL_NET = "there is no code for ControlNets of a %s";

    /// A family.
    ///
    /// @param opener opens its network
    /// @param defaults steps and guidance of the class in diffusers
    record Family(Opener opener, GenerationDefaults defaults) {}

    private static final Map<String, Family> ALL = all();

    private PromptFamilies() {}

    private static Map<String, Family> all() {
        var all = new LinkedHashMap<String, Family>();
        all.put(
                "StableDiffusion3Pipeline",
                new Family(Sd3Prompts::new, new GenerationDefaults("", 28, 7)));
        all.put(
                "StableDiffusion3ControlNetPipeline",
                new Family(steered(Sd3Prompts::new), new GenerationDefaults("", 28, 7)));
        all.put("FluxPipeline", family("FluxPipeline", FluxPrompts::new, 28, 3.5));
        all.put(
                "HunyuanDiTPipeline",
                new Family(HunyuanPrompts::new, new GenerationDefaults("", 50, 5)));
        all.put(
                "HunyuanDiTControlNetPipeline",
                new Family(steered(HunyuanPrompts::new), new GenerationDefaults("", 50, 5)));
        all.put(
                "PixArtAlphaPipeline",
                family("PixArtAlphaPipeline", pixArt(PixArtPrompts.ALPHA_TOKENS), 20, 4.5));
        all.put(
                "PixArtSigmaPipeline",
                family("PixArtSigmaPipeline", pixArt(PixArtPrompts.SIGMA_TOKENS), 20, 4.5));
        all.put("LuminaPipeline", family("LuminaPipeline", LuminaPrompts::new, 30, 4));
        all.put(
                "LuminaText2ImgPipeline",
                family("LuminaText2ImgPipeline", LuminaPrompts::new, 30, 4));
        all.put("Lumina2Pipeline", family("Lumina2Pipeline", Lumina2Prompts::new, 30, 4));
        all.put(
                "Lumina2Text2ImgPipeline",
                family("Lumina2Text2ImgPipeline", Lumina2Prompts::new, 30, 4));
        all.put("SanaPipeline", family("SanaPipeline", sana(SanaPrompts.Kind.FLOW), 20, 4.5));
        all.put(
                "SanaSprintPipeline",
                family("SanaSprintPipeline", sana(SanaPrompts.Kind.SPRINT), 2, 4.5));
        return all;
    }

    /// With the ControlNet of the folder itself before those that are asked for.
    private static Opener steered(Opener opener) {
        return (folder, options) -> {
            var all =
                    PipelineOptions.of(options.network())
                            .withResidency(options.residency())
                            .withControlNet(folder.resolve("controlnet"));
            for (Path more : options.controlNets()) {
                all = all.withControlNet(more);
            }
            return opener.open(folder, all);
        };
    }

    private static Family family(String name, Plain plain, int steps, double guidance) {
        Opener opener =
                (folder, options) -> {
                    ConfigException.require(options.controlNets().isEmpty(), NO_CONTROL_NET, name);
                    return plain.open(folder, options.network(), options.residency());
                };
        return new Family(opener, new GenerationDefaults("", steps, guidance));
    }

    private static Plain pixArt(int tokens) {
        return (folder, options, residency) ->
                new PixArtPrompts(folder, tokens, options, residency);
    }

    private static Plain sana(SanaPrompts.Kind kind) {
        return (folder, options, residency) -> new SanaPrompts(folder, kind, options, residency);
    }

    /// Returns the classes.
    static Set<String> names() {
        return ALL.keySet();
    }

    /// Returns a family, or null if there is none of that class.
    static @org.jspecify.annotations.Nullable Family of(String className) {
        return ALL.get(className);
    }
}
