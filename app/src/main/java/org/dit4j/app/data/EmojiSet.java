package org.dit4j.app.data;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.DataException;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.data.Resampling;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/// Builds the set of emoji pictures: a folder for each class with square PNG files on white, named
/// `<hexcode>-<style>.png`; `metadata.jsonl` with a line for each (Hugging Face's imagefolder
/// layout) with captions in English and Chinese; `prompts.jsonl` with prompts to judge a model by
/// (see [EmojiPrompts]); and `manifest.json` with the packages, their licences and what became of
/// them.
///
/// @param size the side of the pictures; a smaller drawing keeps its own
/// @param styles whose drawings
/// @param skinTones whether the pictures of other skin tones than yellow are part of it
/// @param packages where the drawings and names come from
public record EmojiSet(int size, Set<EmojiStyle> styles, boolean skinTones, Packages packages) {
    /// Checks the size and that there is a style.
    public EmojiSet {
        DataException.require(
                size >= 8 && size <= 256, "the size must be from 8 to 256 but is %d", size);
        DataException.require(!styles.isEmpty(), "at least one style is needed");
        styles = java.util.Collections.unmodifiableSet(EnumSet.copyOf(styles));
    }

    /// What was built.
    ///
    /// @param pictures how many
    /// @param classes how many pictures each class has
    /// @param undrawn the classes none of whose emoji is drawn in a package: `hair-style`, whose
    ///   four are parts of other emoji
    /// @param skipped the drawings that are damaged, with the reason
    public record Summary(
            int pictures,
            Map<String, Integer> classes,
            Set<String> undrawn,
            List<String> skipped) {}

    /// Writes the set into the folder `out`, which must not exist or be empty: afterwards it is
    /// complete or not there.
    ///
    /// @throws DataException if it could not be written
    public Summary write(Path out, Progress progress) {
        Map<String, Emoji> emoji = Emojibase.read(packages, progress);
        if (!skinTones) {
            emoji.values().removeIf(e -> !e.tones().isEmpty());
        }
        return NewFolder.write(out, folder -> fill(folder, emoji, progress));
    }

    private Summary fill(Path folder, Map<String, Emoji> emoji, Progress progress)
            throws IOException {
        var lines = new TreeMap<String, EmojiLine>();
        var skipped = new ArrayList<String>();
        var drawn = new HashMap<String, Set<EmojiStyle>>();
        for (EmojiStyle style : styles) {
            Map<String, byte[]> drawings = drawings(style, progress);
            int done = 0;
            for (var e : emoji.entrySet()) {
                progress.report("draw " + style, ++done, emoji.size());
                byte[] drawing = drawings.get(e.getKey());
                if (drawing == null) {
                    continue;
                }
                EmojiLine line = EmojiLine.of(e.getValue(), style);
                try {
                    draw(folder.resolve(line.file_name()), drawing);
                    lines.put(line.file_name(), line);
                    drawn.computeIfAbsent(e.getKey(), _ -> EnumSet.noneOf(EmojiStyle.class))
                            .add(style);
                } catch (DataException damaged) {
                    skipped.add(style + " " + damaged.getMessage());
                }
            }
        }
        var classes = new TreeMap<String, Integer>();
        lines.values().forEach(line -> classes.merge(line.label(), 1, Integer::sum));
        var undrawn = new TreeSet<String>();
        emoji.values().forEach(e -> undrawn.add(e.subgroup().key()));
        undrawn.removeAll(classes.keySet());
        var summary = new Summary(lines.size(), classes, undrawn, List.copyOf(skipped));
        writeLines(folder.resolve("metadata.jsonl"), lines.values());
        writeLines(folder.resolve("prompts.jsonl"), prompts(emoji, drawn));
        JsonFile.write(folder.resolve("manifest.json"), manifest(summary, lines));
        return summary;
    }

    /// The files of a style by the key of their emoji.
    private Map<String, byte[]> drawings(EmojiStyle style, Progress progress) {
        var drawings = new TreeMap<String, byte[]>();
        packages.read(
                style.pack(),
                style::holds,
                (entry, file) -> drawings.putIfAbsent(Emoji.key(style.hexcode(entry)), file),
                progress);
        return drawings;
    }

    /// The drawings are square, some but for a pixel or two, which white fills up. None is
    /// enlarged.
    private void draw(Path file, byte[] drawing) throws IOException {
        Picture picture = PictureFile.decode(drawing, String.valueOf(file.getFileName()));
        int side = Math.max(picture.width(), picture.height());
        Picture square = picture.centered(side, side, 255);
        int target = Math.min(side, size);
        Picture resized = Resampling.BICUBIC.resize(square, target, target);
        Files.createDirectories(file.getParent());
        Files.write(file, PictureFile.encode(resized, Map.of()));
    }

    /// Prompts for every emoji that has a picture, without its skin tones.
    private static List<EmojiPrompts> prompts(
            Map<String, Emoji> emoji, Map<String, Set<EmojiStyle>> drawn) {
        Set<String> known =
                emoji.values().stream()
                        .map(e -> EmojiName.english(e.name().en()))
                        .collect(Collectors.toSet());
        return emoji.entrySet().stream()
                .filter(e -> e.getValue().tones().isEmpty())
                .map(e -> Map.entry(e.getValue(), drawn.getOrDefault(e.getKey(), Set.of())))
                .filter(e -> !e.getValue().isEmpty())
                .map(e -> EmojiPrompts.of(e.getKey(), e.getValue(), known))
                .toList();
    }

    private static void writeLines(Path file, Collection<?> lines) throws IOException {
        ObjectWriter json = JsonFile.mapper().writer().without(SerializationFeature.INDENT_OUTPUT);
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (Object line : lines) {
                out.write(json.writeValueAsString(line));
                out.write('\n');
            }
        }
    }

    private Map<String, Object> manifest(Summary summary, Map<String, EmojiLine> lines) {
        var sources = new ArrayList<Object>();
        sources.add(source(Emojibase.PACK, "names and classes", "Miles Johnson, MIT"));
        for (EmojiStyle style : styles) {
            sources.add(source(style.pack(), "pictures: " + style, style.credit()));
        }
        var counts = new TreeMap<String, Integer>();
        lines.values().forEach(line -> counts.merge(line.style(), 1, Integer::sum));
        var manifest = new LinkedHashMap<String, Object>();
        manifest.put("size", size);
        manifest.put("styles", styles.stream().map(EmojiStyle::toString).toList());
        manifest.put("skin_tones", skinTones);
        manifest.put("packages", sources);
        manifest.put("pictures", summary.pictures);
        manifest.put("pictures_by_style", counts);
        manifest.put("pictures_by_class", summary.classes);
        manifest.put("classes_without_pictures", summary.undrawn);
        manifest.put("skipped", summary.skipped);
        return manifest;
    }

    private static Map<String, Object> source(NpmPackage pack, String use, String credit) {
        var source = new LinkedHashMap<String, Object>();
        source.put("name", pack.name());
        source.put("version", pack.version());
        source.put("integrity", pack.integrity());
        source.put("license", pack.license());
        source.put("use", use);
        source.put("credit", credit);
        return source;
    }
}
