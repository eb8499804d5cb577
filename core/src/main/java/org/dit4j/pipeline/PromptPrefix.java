package org.dit4j.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.ConfigException;

/// A text that a network was trained to see before every prompt, as a file that users put into a
/// pipeline's folder: published folders hold no such text, diffusers has it as an argument.
///
/// @param text empty if there is no file
/// @param remarks a line that says so if there is no file
record PromptPrefix(String text, List<String> remarks) {
    private static final int MOST_BYTES = 1 << 16;

    /// Reads the file as UTF-8, but for one line break at its end: spaces there are part of the
    /// text.
    ///
    /// @param name of the file, that of the argument in diffusers with `.txt`
    /// @throws ConfigException if it cannot be read, or has more than 64 KiB
    static PromptPrefix read(Path folder, String name) {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file)) {
            return new PromptPrefix(
                    "",
                    List.of(
                            "%s has no %s, so nothing goes before the prompts"
                                    .formatted(folder, name)));
        }
        try {
            ConfigException.require(
                    Files.size(file) <= MOST_BYTES,
                    "%s must not have more than %d bytes",
                    file,
                    MOST_BYTES);
            String unix = Files.readString(file).replace("\r\n", "\n");
            int length = unix.endsWith("\n") ? unix.length() - 1 : unix.length();
            return new PromptPrefix(unix.substring(0, length), List.of());
        } catch (IOException e) {
            throw new ConfigException("cannot read %s as UTF-8: %s".formatted(file, e));
        }
    }
}
