package org.dit4j.app;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `dit4j data`: data sets that can be built anywhere, and their captions.
@Command(
        name = "data",
        description = "Build a data set of pictures to train on, or refine the captions of one.",
        footer = {
            "",
            "Examples:",
            "  dit4j data emoji --out data/emoji",
            "  dit4j data fashion-mnist --out data/fashion",
            "  dit4j data emoji --help"
        },
        subcommands = {EmojiCommand.class, FashionMnistCommand.class, CaptionCommand.class})
final class DataCommand implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "What to do? One of: " + String.join(", ", spec.subcommands().keySet()));
    }
}
