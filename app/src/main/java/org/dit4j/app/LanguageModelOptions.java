package org.dit4j.app;

import java.time.Duration;
import org.dit4j.app.language.ApiKey;
import org.dit4j.app.language.Endpoint;
import org.dit4j.app.language.LanguageModel;
import org.dit4j.app.language.Patience;
import org.dit4j.app.language.RemoteModel;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The options of commands that may ask a language model.
final class LanguageModelOptions {
    private static final int SECONDS = 30;
    private static final int RETRIES = 2;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--llm",
            paramLabel = "URL",
            description = {
                "Where the language model is: https://host/v1 for any OpenAI-compatible server, ollama:http://host:11434 for Ollama.",
                "A key is taken from the environment variable " + ApiKey.VARIABLE + "."
            })
    private String url = "";

    @Option(
            names = "--llm-model",
            paramLabel = "NAME",
            description = "The language model's name there.")
    private String model = "";

    @Option(
            names = "--llm-timeout",
            paramLabel = "SECONDS",
            description = "The longest time for an answer; " + SECONDS + " if not given.")
    private @Nullable Integer timeout;

    @Option(
            names = "--llm-retries",
            paramLabel = "N",
            description =
                    "More tries after a time-out, HTTP 429 or 5xx; " + RETRIES + " if not given.")
    private @Nullable Integer retries;

    /// Returns whether any of them was given.
    boolean given() {
        return !url.isEmpty() || !model.isEmpty() || timeout != null || retries != null;
    }

    /// Returns the language model; asks nothing yet.
    ///
    /// @param purpose what wants it, for the message if it is not named
    LanguageModel connect(String purpose) {
        if (url.isEmpty() || model.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), purpose + " needs --llm URL and --llm-model NAME");
        }
        var patience =
                new Patience(
                        Duration.ofSeconds(timeout == null ? SECONDS : timeout),
                        retries == null ? RETRIES : retries,
                        Duration.ofSeconds(1));
        return new RemoteModel(Endpoint.parse(url), model, ApiKey.of(System.getenv()), patience);
    }
}
