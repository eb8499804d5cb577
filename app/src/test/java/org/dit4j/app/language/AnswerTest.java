package org.dit4j.app.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AnswerTest {
    @Test
    void quotationMarksAroundTheWholeGo() {
        assertThat(Answer.clean("\"a cat\"")).isEqualTo("a cat");
        assertThat(Answer.clean("「“一只猫”」")).isEqualTo("一只猫");
        assertThat(Answer.clean("\"a\" and \"b\"")).isEqualTo("\"a\" and \"b\"");
        assertThat(Answer.clean("a sign with \"go\"")).isEqualTo("a sign with \"go\"");
    }

    @Test
    void thoughtsBeforeTheAnswerGo() {
        assertThat(Answer.clean("<think>\nhm\n</think>\n\na cat")).isEqualTo("a cat");
        assertThatThrownBy(() -> Answer.clean("<think>hm</think>"))
                .isInstanceOf(AnswerException.class);
    }

    @Test
    void itIsOneLineWithoutControlCharacters() {
        assertThat(Answer.clean("a\tb\u2028c\u0085d\u00a0e\u0007")).isEqualTo("a b c d e");
        assertThat(Answer.clean("x\ud800y\ufeff")).isEqualTo("xy");
    }

    @Test
    void emojiWithJoinersStayWhole() {
        assertThat(Answer.clean("👩‍🚀 and 🏳️‍🌈")).isEqualTo("👩‍🚀 and 🏳️‍🌈");
    }
}
