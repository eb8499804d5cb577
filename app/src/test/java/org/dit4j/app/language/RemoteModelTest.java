package org.dit4j.app.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RemoteModelTest {
    private static final String SECRET = "sk-very-secret";

    private final StandInServer server = new StandInServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({"false, /v1/chat/completions", "true, /api/chat"})
    void bothProtocolsCarryInstructionTextModelAndKey(boolean ollama, String path) {
        server.answering(text -> text + "!");
        assertThat(model(ollama, SECRET).answer("Shout.", "一只猫 \"cat\"")).isEqualTo("一只猫 \"cat\"!");
        var asked = server.asked.getFirst();
        assertThat(asked.path()).isEqualTo(path);
        assertThat(asked.body().path("model").asString()).isEqualTo("toy");
        assertThat(asked.message("system")).isEqualTo("Shout.");
        assertThat(asked.message("user")).isEqualTo("一只猫 \"cat\"");
        assertThat(asked.authorization()).isEqualTo("Bearer " + SECRET);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void withoutAKeyNoneIsSent(boolean ollama) {
        model(ollama, "").answer("Shout.", "a cat");
        assertThat(server.asked.getFirst().authorization()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anAnswerThatStallsMidwayTimesOutAfterAllTries(boolean ollama) {
        server.stall().stall().stall();
        var model = new RemoteModel(endpoint(ollama), "toy", ApiKey.NONE, patience(300));
        assertThatThrownBy(() -> model.answer("Shout.", "a cat"))
                .isInstanceOf(LanguageModelException.class)
                .hasMessageEndingWith(" did not answer within 0.3 s (3 tries)");
        assertThat(server.asked).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({"false, 500", "false, 429", "true, 503", "true, 429"})
    void aServerThatIsBusyIsAskedAgain(boolean ollama, int status) {
        server.reply(status, "{}").answering(_ -> "fine");
        assertThat(model(ollama, "").answer("Shout.", "a cat")).isEqualTo("fine");
        assertThat(server.asked).hasSize(2);
    }

    @Test
    void aServerThatStaysBusyIsGivenUp() {
        String body = "{\"error\": {\"message\": \"out of\\nmemory\"}}";
        server.reply(500, body).reply(502, "<html>").reply(500, body);
        assertThatThrownBy(() -> model(false, "").answer("Shout.", "a cat"))
                .hasMessage(who(false) + " answered HTTP 500 (3 tries): out of memory");
        assertThat(server.asked).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRefusedKeyIsNotTriedAgain(boolean ollama) {
        server.reply(401, "{\"error\": {\"message\": \"bad key " + SECRET + "\"}}");
        assertThatThrownBy(() -> model(ollama, SECRET).answer("Shout.", "a cat"))
                .hasMessage(
                        who(ollama)
                                + " refuses the key (HTTP 401); a key is taken from the environment variable DIT4J_LLM_API_KEY");
        assertThat(server.asked).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 404, 500})
    void theKeyIsShownNowhereEvenIfTheServerRepeatsIt(int status) {
        for (int i = 0; i < 3; i++) {
            server.reply(status, "{\"error\": \"bad key " + SECRET + "\"}");
        }
        assertThatThrownBy(() -> model(false, SECRET).answer("Shout.", "a cat"))
                .satisfies(e -> assertThat(trace(e)).doesNotContain(SECRET));
        assertThat(new ApiKey(SECRET).toString()).isEqualTo("***");
        assertThatThrownBy(() -> ApiKey.of(Map.of(ApiKey.VARIABLE, SECRET + "\nx")))
                .satisfies(e -> assertThat(trace(e)).doesNotContain(SECRET));
    }

    @ParameterizedTest
    @CsvSource({
        "false, '{\"error\": {\"message\": \"no toy\"}}'",
        "true, '{\"error\": \"no toy\"}'"
    })
    void aModelThatIsNotThereIsOneLine(boolean ollama, String body) {
        server.reply(404, body);
        assertThatThrownBy(() -> model(ollama, "").answer("Shout.", "a cat"))
                .hasMessage(who(ollama) + " answered HTTP 404: no such model or path: no toy");
    }

    @Test
    void noServerIsOneLine() {
        server.close();
        assertThatThrownBy(() -> model(false, "").answer("Shout.", "a cat"))
                .isNotInstanceOf(AnswerException.class)
                .hasMessage(who(false) + " gives no answer: cannot connect");
    }

    @ParameterizedTest
    @CsvSource({"false, OpenAI", "true, Ollama"})
    void whatIsNoAnswerIsOneLine(boolean ollama, String name) {
        for (String body : new String[] {"{\"choices\": [", "[]", "{}", "hello"}) {
            server.reply(200, body);
            assertThatThrownBy(() -> model(ollama, "").answer("Shout.", "a cat"))
                    .as(body)
                    .isInstanceOf(AnswerException.class)
                    .hasMessage(who(ollama) + ": the answer is not in the form of %s's", name);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anEmptyAndATooLongAnswerAreOneLine(boolean ollama) {
        server.answering(_ -> " \n\"\" ");
        assertThatThrownBy(() -> model(ollama, "").answer("Shout.", "a cat"))
                .isInstanceOf(AnswerException.class)
                .hasMessage(who(ollama) + ": the answer is empty");
        server.answering(_ -> "x".repeat(2001));
        assertThatThrownBy(() -> model(ollama, "").answer("Shout.", "a cat"))
                .isInstanceOf(AnswerException.class)
                .hasMessage(
                        who(ollama) + ": the answer has 2001 characters, at most 2000 are taken");
    }

    @Test
    void anEndlessAnswerIsNotReadToItsEnd() {
        server.answering(_ -> "x".repeat(2 << 20));
        assertThatThrownBy(() -> model(false, "").answer("Shout.", "a cat"))
                .isInstanceOf(LanguageModelException.class)
                .hasMessageStartingWith(who(false) + " gives no answer: ");
    }

    @Test
    void controlCharactersAndLinesDoNotComeThrough() {
        server.answering(_ -> "“a\u001b[31m red\u0000\r\n  cat\u202e”\n");
        assertThat(model(false, "").answer("Shout.", "a cat")).isEqualTo("a[31m red cat");
    }

    private static String trace(Throwable e) {
        var text = new StringWriter();
        e.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }

    private String who(boolean ollama) {
        return "the language model toy at " + endpoint(ollama);
    }

    private Endpoint endpoint(boolean ollama) {
        return Endpoint.parse(ollama ? server.ollama() : server.openAi());
    }

    private static Patience patience(int millis) {
        return new Patience(Duration.ofMillis(millis), 2, Duration.ofMillis(1));
    }

    private RemoteModel model(boolean ollama, String key) {
        return new RemoteModel(endpoint(ollama), "toy", new ApiKey(key), patience(20_000));
    }
}
