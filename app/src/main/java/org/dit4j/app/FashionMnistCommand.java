package org.dit4j.app;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dit4j.app.data.FashionMnist;
import org.dit4j.app.data.NewFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j data fashion-mnist`.
@Command(
        name = "fashion-mnist",
        description = {
            "Turn the files of Fashion-MNIST into 70,000 pictures of 28 x 28 in 10 classes.",
            "",
            "The files come from Debian's package dataset-fashion-mnist, or from a folder of yours."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j data fashion-mnist --out data/fashion",
            "  dit4j data fashion-mnist --from ~/Downloads/fashion --out data/fashion"
        })
final class FashionMnistCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The new folder.")
    private Path out = Path.of("");

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description = "Folder of the four idx files (default: where Debian puts them).")
    private Path source = FashionMnist.DEBIAN;

    @Override
    public Integer call() {
        NewFolder.requireFree(out.toAbsolutePath(), out);
        try (var bar = new Bar(spec.commandLine().getErr())) {
            int pictures =
                    new FashionMnist(source)
                            .write(out, (stage, done, total) -> bar.show(stage, done, total, ""));
            bar.close();
            spec.commandLine()
                    .getOut()
                    .println(
                            pictures
                                    + " pictures in 10 classes: "
                                    + out.resolve("train")
                                    + ", "
                                    + out.resolve("test"));
        }
        return 0;
    }
}
