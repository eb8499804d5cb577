package org.dit4j.app.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dit4j.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    @Test
    void theAddressSaysTheProtocol() {
        Endpoint openAi = Endpoint.parse("https://host.example/v1/");
        assertThat(openAi.protocol()).isEqualTo(Endpoint.Protocol.OPENAI);
        assertThat(openAi).hasToString("https://host.example/v1");
        Endpoint ollama = Endpoint.parse("ollama:http://host.example:11434");
        assertThat(ollama.protocol()).isEqualTo(Endpoint.Protocol.OLLAMA);
        assertThat(ollama).hasToString("http://host.example:11434");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host.example/v1",
                "ftp://host.example",
                "ollama:",
                "http:///v1",
                "http://host example",
                "http://me:secret@host.example/v1",
                "http://host.example/v1?key=secret",
                "http://host.example/v1#secret"
            })
    void whatIsNoAddressIsRefusedWithoutRepeatingASecret(String text) {
        assertThatThrownBy(() -> Endpoint.parse(text))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("the address of a language model must ")
                .hasMessageNotContaining("secret");
    }
}
