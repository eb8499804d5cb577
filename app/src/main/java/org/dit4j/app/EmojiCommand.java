package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import org.dit4j.app.data.EmojiSet;
import org.dit4j.app.data.EmojiStyle;
import org.dit4j.app.data.NewFolder;
import org.dit4j.app.data.NpmRegistry;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j data emoji`.
@Command(
        name = "emoji",
        description = {
            "Build a set of about 11,000 emoji pictures with English and Chinese captions.",
            "",
            "Their classes are the subgroups of Unicode 17, a folder each: 99 of the 100, as nobody draws hair-style"
                    + " (red, curly, white hair and bald, which are only parts of other emoji). The drawings and names"
                    + " come from packages of the npm registry (160 MB, fetched once)."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j data emoji --out data/emoji",
            "  dit4j data emoji --out data/emoji32 --size 32 --styles noto,twemoji",
            "  dit4j data emoji --out data/emoji-yellow --no-skin-tones"
        })
final class EmojiCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The new folder.")
    private Path out = Path.of("");

    @Option(
            names = "--size",
            paramLabel = "N",
            defaultValue = "64",
            description = {
                "The side of the pictures, 8 to 256 (default: ${DEFAULT-VALUE}).",
                "No drawing is enlarged: Noto and Twemoji are of 64, Fluent of 256."
            })
    private int size;

    @Option(
            names = "--styles",
            split = ",",
            paramLabel = "STYLE",
            defaultValue = "noto,twemoji,fluent",
            description = "Whose drawings (default: ${DEFAULT-VALUE}).")
    private List<EmojiStyle> styles = List.of();

    @Option(
            names = "--no-skin-tones",
            description = "Leave out the pictures of other skin tones than yellow, about half.")
    private boolean noSkinTones;

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Where fetched packages are kept (default: ~/.cache/dit4j/npm).")
    private @Nullable Path cache;

    @Override
    public Integer call() {
        Path home = Path.of(System.getProperty("user.home"));
        Path kept = cache == null ? home.resolve(".cache/dit4j/npm") : cache;
        NewFolder.requireFree(out.toAbsolutePath(), out);
        var set =
                new EmojiSet(
                        size,
                        EnumSet.copyOf(styles),
                        !noSkinTones,
                        NpmRegistry.configured(System.getenv(), home, kept));
        PrintWriter err = spec.commandLine().getErr();
        try (var bar = new Bar(err)) {
            EmojiSet.Summary summary =
                    set.write(out, (stage, done, total) -> bar.show(stage, done, total, ""));
            bar.close();
            summary.skipped().forEach(line -> err.println("skipped: " + line));
            if (!summary.undrawn().isEmpty()) {
                err.println("classes without pictures: " + String.join(", ", summary.undrawn()));
            }
            spec.commandLine()
                    .getOut()
                    .printf(
                            "%d pictures of %s%d x %d in %d classes: %s%n",
                            summary.pictures(),
                            size > 64 ? "up to " : "",
                            size,
                            size,
                            summary.classes().size(),
                            out);
        }
        return 0;
    }
}
