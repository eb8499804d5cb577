package org.dit4j.app;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.app.TimedPreset.Built;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXConfig;
import org.dit4j.model.CogVideoXConfigs;
import org.dit4j.model.CogVideoXPresets;
import org.dit4j.model.Latte;
import org.dit4j.model.LatteConfigs;
import org.dit4j.model.LattePresets;
import org.dit4j.model.LatteText;
import org.dit4j.model.LatteTextConfigs;
import org.dit4j.model.StableAudio;
import org.dit4j.model.StableAudioConfigs;
import org.dit4j.model.StableAudioPresets;
import org.dit4j.model.Wan;
import org.dit4j.model.WanConfigs;
import org.dit4j.model.WanPresets;

/// The networks of videos and sounds that `bench step` knows.
final class TimedMedia {
    static final List<String> LATTE_TEXT = List.of("Latte-1");

    /// States of an image that CLIP ViT-H/14 gives (Wan 2.1).
    private static final int CLIP_TOKENS = 257;

    private TimedMedia() {}

    /// Blocks within a frame and over time take turns.
    static TimedPreset latte(String name) {
        Latte.Config whole = LattePresets.of(name, 32);
        TimedPreset.Builder builder =
                (source, layers, size, _) -> {
                    Latte.Config c =
                            TimedPreset.changed(
                                    LatteConfigs.json(whole),
                                    LatteConfigs::parse,
                                    Map.of(
                                            "depth",
                                            2 * layers,
                                            "input_size",
                                            size.height(),
                                            "num_frames",
                                            size.frames()));
                    var network = new Latte(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.frames(c.frame().inChannels());
                                Tensor t = in.each(500);
                                Tensor y = in.labels(c.frame().numClasses());
                                return () -> network.forward(x, t, y);
                            });
                };
        return new TimedPreset(
                name,
                whole.frame().depth() / 2,
                "pairs of blocks",
                2,
                new LatentSize(whole.numFrames(), 32, 32),
                0,
                builder);
    }

    static TimedPreset latteText(String name) {
        LatteText.Config whole = LattePresets.text();
        TimedPreset.Builder builder =
                (source, layers, size, _) -> {
                    LatteText.Config c =
                            TimedPreset.changed(
                                    LatteTextConfigs.json(whole),
                                    LatteTextConfigs::parse,
                                    Map.of("num_layers", layers, "video_length", size.frames()));
                    var network = new LatteText(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(500);
                                Tensor text = in.text(c.textWidth());
                                Tensor mask = in.mask(in.textTokens());
                                return () -> network.forward(x, t, text, mask, true);
                            });
                };
        return new TimedPreset(
                name,
                whole.depth(),
                "pairs of blocks",
                2,
                new LatentSize(whole.numFrames(), whole.inputSize(), whole.inputSize()),
                120,
                builder);
    }

    /// 81 frames of 832 x 480 pixels.
    static TimedPreset wan(String name) {
        Wan.Config whole = WanPresets.of(name);
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    Wan.Config c =
                            TimedPreset.changed(
                                    WanConfigs.json(whole),
                                    WanConfigs::parse,
                                    Map.of("num_layers", layers));
                    var network = new Wan(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(500);
                                Tensor text = in.text(c.textWidth());
                                int image = c.imageWidth();
                                Tensor states = image > 0 ? in.normal(CLIP_TOKENS, image) : null;
                                return () -> network.forward(x, t, text, states);
                            });
                };
        return new TimedPreset(
                name, whole.depth(), "blocks", 2, new LatentSize(21, 60, 104), 512, builder);
    }

    /// 49 frames of 720 x 480 pixels; of version 1.5, 81 frames of 1360 x 768, filled up to an even
    /// number of latent frames.
    static TimedPreset cogVideoX(String name) {
        CogVideoXConfig whole = CogVideoXPresets.of(name);
        boolean second = whole.patch().frames() > 1;
        TimedPreset.Builder builder =
                (source, layers, size, textTokens) -> {
                    CogVideoXConfig c = cogVideoX(whole, layers, size, textTokens);
                    var network = new CogVideoX(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.frames(c.inChannels());
                                Tensor t = in.each(500);
                                Tensor text = in.text(c.textWidth());
                                Tensor offset = c.offsetWidth() > 0 ? in.each(2) : null;
                                return () -> network.forward(x, t, text, offset, null);
                            });
                };
        return new TimedPreset(
                name,
                whole.depth(),
                "blocks",
                2,
                second ? new LatentSize(22, 96, 170) : new LatentSize(13, 60, 90),
                whole.textLength(),
                builder);
    }

    /// Where positions are learned, their table has the size of what is timed.
    private static CogVideoXConfig cogVideoX(
            CogVideoXConfig whole, int layers, LatentSize size, int textTokens) {
        var changes = new HashMap<String, Object>();
        changes.put("num_layers", layers);
        changes.put("max_text_seq_length", textTokens);
        if (whole.positions() == CogVideoXConfig.Positions.ROTARY_LEARNED) {
            changes.put("sample_frames", size.frames());
            changes.put("sample_height", size.height());
            changes.put("sample_width", size.width());
        }
        return TimedPreset.changed(CogVideoXConfigs.json(whole), CogVideoXConfigs::parse, changes);
    }

    /// 47 seconds; 128 tokens of text, and a state for the start and one for the length.
    static TimedPreset stableAudio(String name) {
        StableAudio.Config whole = StableAudioPresets.of(name);
        TimedPreset.Builder builder =
                (source, layers, _, _) -> {
                    StableAudio.Config c =
                            TimedPreset.changed(
                                    StableAudioConfigs.json(whole),
                                    StableAudioConfigs::parse,
                                    Map.of("num_layers", layers));
                    var network = new StableAudio(source, c);
                    return new Built(
                            network.parameters(),
                            in -> {
                                Tensor x = in.latents(c.inChannels());
                                Tensor t = in.each(0.5);
                                Tensor states = in.text(c.textWidth());
                                Tensor times = in.normal(1, c.globalWidth());
                                return () -> network.forward(x, t, states, times);
                            });
                };
        return new TimedPreset(
                name,
                whole.depth(),
                "blocks",
                2,
                LatentSize.sound(whole.length()),
                128 + 2,
                builder);
    }
}
