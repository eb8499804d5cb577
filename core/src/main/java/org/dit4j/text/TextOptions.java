package org.dit4j.text;

import java.nio.file.Path;
import org.dit4j.ConfigException;

/// How a text encoder runs.
///
/// @param maxTokens the largest number of tokens of a text, start and end included, in [2, 256];
///   what is longer is cut and reported
/// @param threads processor cores for one text, in [1, 64]
/// @param cache folder where the models (0.2 GB) are unpacked at their first use, so that later
///   starts take a third of the time; if it cannot be written they are unpacked in memory
public record TextOptions(int maxTokens, int threads, Path cache) {
    /// The most tokens that an encoder takes.
    public static final int MOST_TOKENS = 256;

    /// Checks the ranges.
    public TextOptions {
        ConfigException.require(
                maxTokens >= 2 && maxTokens <= MOST_TOKENS,
                "max_tokens must be in [2, %d] but is %d",
                MOST_TOKENS,
                maxTokens);
        ConfigException.require(
                threads >= 1 && threads <= 64, "threads must be in [1, 64] but is %d", threads);
    }

    /// Returns 77 tokens, one thread, and the folder `.cache/dit4j/text` of the user.
    public static TextOptions defaults() {
        return new TextOptions(
                77, 1, Path.of(System.getProperty("user.home"), ".cache", "dit4j", "text"));
    }

    /// Returns these options with another limit of tokens.
    public TextOptions withMaxTokens(int tokens) {
        return new TextOptions(tokens, threads, cache);
    }

    /// Returns these options with another number of threads.
    public TextOptions withThreads(int count) {
        return new TextOptions(maxTokens, count, cache);
    }

    /// Returns these options with another folder for unpacked models.
    public TextOptions withCache(Path folder) {
        return new TextOptions(maxTokens, threads, folder);
    }
}
