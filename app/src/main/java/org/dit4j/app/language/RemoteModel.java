package org.dit4j.app.language;

import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import org.dit4j.ConfigException;

/// A language model behind an HTTP endpoint, spoken to through LangChain4j.
///
/// A try that takes too long, or that is answered with HTTP 408, 429 or 5xx, is repeated as
/// [Patience] says.
public final class RemoteModel implements LanguageModel {
    private final Endpoint endpoint;
    private final String model;
    private final ApiKey key;
    private final Patience patience;
    private final ChatModel chat;

    /// Sends nothing yet.
    ///
    /// @param model its name at the endpoint
    /// @throws ConfigException if it has no name
    public RemoteModel(Endpoint endpoint, String model, ApiKey key, Patience patience) {
        ConfigException.require(!model.isBlank(), "a language model must be named");
        this.endpoint = endpoint;
        this.model = model;
        this.key = key;
        this.patience = patience;
        chat = endpoint.protocol() == Endpoint.Protocol.OLLAMA ? ollama() : openAi();
    }

    private ChatModel openAi() {
        var builder =
                OpenAiChatModel.builder()
                        .httpClientBuilder(new BoundedHttp(patience.timeout()))
                        .baseUrl(endpoint.toString())
                        .modelName(model)
                        .maxRetries(0);
        return key.isEmpty() ? builder.build() : builder.apiKey(key.value()).build();
    }

    private ChatModel ollama() {
        Map<String, String> headers =
                key.isEmpty() ? Map.of() : Map.of("Authorization", "Bearer " + key.value());
        return OllamaChatModel.builder()
                .httpClientBuilder(new BoundedHttp(patience.timeout()))
                .baseUrl(endpoint.toString())
                .modelName(model)
                .customHeaders(headers)
                .maxRetries(0)
                .build();
    }

    @Override
    public String answer(String instruction, String text) {
        for (int tries = 1; ; tries++) {
            Optional<String> answer = attempt(instruction, text, tries);
            if (answer.isPresent()) {
                return checked(answer.get());
            }
            pause(tries);
        }
    }

    private String checked(String written) {
        try {
            return Answer.clean(written);
        } catch (AnswerException e) {
            throw new AnswerException(who() + ": " + e.getMessage(), e);
        }
    }

    /// Returns the raw answer, or nothing if another try may help.
    private Optional<String> attempt(String instruction, String text, int tries) {
        try {
            String written =
                    chat.chat(SystemMessage.from(instruction), UserMessage.from(text))
                            .aiMessage()
                            .text();
            return Optional.of(written == null ? "" : written);
        } catch (RuntimeException e) {
            if (tries <= patience.retries() && mayPass(e)) {
                return Optional.empty();
            }
            throw failure(e, tries);
        }
    }

    private void pause(int tries) {
        try {
            Thread.sleep(patience.pause().multipliedBy(tries));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LanguageModelException("interrupted while waiting for " + who(), e);
        }
    }

    private static boolean mayPass(RuntimeException e) {
        int status = find(e, HttpException.class).map(HttpException::statusCode).orElse(0);
        return status == 408
                || status == 429
                || status / 100 == 5
                || find(e, TimeoutException.class).isPresent();
    }

    /// What the server said may repeat the key, so no HTTP exception is passed on as the cause.
    private LanguageModelException failure(RuntimeException e, int tries) {
        Optional<HttpException> http = find(e, HttpException.class);
        if (http.isPresent()) {
            return new LanguageModelException(refusal(http.get(), tries));
        }
        if (find(e, TimeoutException.class).isPresent()) {
            return new LanguageModelException(
                    "%s did not answer within %s s (%s)".formatted(who(), seconds(), count(tries)),
                    e);
        }
        Optional<UncheckedIOException> io = find(e, UncheckedIOException.class);
        return io.isPresent()
                ? new LanguageModelException(
                        "%s gives no answer: %s".formatted(who(), ServerWords.of(io.get())), e)
                : new AnswerException(
                        "%s: the answer is not in the form of %s's"
                                .formatted(
                                        who(),
                                        endpoint.protocol() == Endpoint.Protocol.OLLAMA
                                                ? "Ollama"
                                                : "OpenAI"),
                        e);
    }

    private String refusal(HttpException e, int tries) {
        int status = e.statusCode();
        if (status == 401 || status == 403) {
            return "%s %s (HTTP %d); a key is taken from the environment variable %s"
                    .formatted(
                            who(),
                            key.isEmpty() ? "wants a key" : "refuses the key",
                            status,
                            ApiKey.VARIABLE);
        }
        String words = key.hide(ServerWords.of(String.valueOf(e.getMessage())));
        return "%s answered HTTP %d%s%s%s"
                .formatted(
                        who(),
                        status,
                        tries > 1 ? " (" + count(tries) + ")" : "",
                        status == 404 ? ": no such model or path" : "",
                        words.isEmpty() ? "" : ": " + words);
    }

    private String who() {
        return "the language model %s at %s".formatted(model, endpoint);
    }

    private String seconds() {
        return java.math.BigDecimal.valueOf(patience.timeout().toMillis(), 3)
                .stripTrailingZeros()
                .toPlainString();
    }

    private static String count(int tries) {
        return tries == 1 ? "1 try" : tries + " tries";
    }

    private static <T extends Throwable> Optional<T> find(Throwable e, Class<T> type) {
        int depth = 0;
        for (Throwable cause = e; cause != null && depth < 10; cause = cause.getCause(), depth++) {
            if (type.isInstance(cause)) {
                return Optional.of(type.cast(cause));
            }
        }
        return Optional.empty();
    }
}
