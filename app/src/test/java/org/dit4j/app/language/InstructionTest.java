package org.dit4j.app.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import org.dit4j.ConfigException;
import org.dit4j.text.WeightedText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstructionTest {
    @ParameterizedTest
    @CsvSource({
        "a red heart, You rewrite",
        "一颗红色的心, 你为一个",
        "写着 SALE 的红色招牌, 你为一个",
        "a sign that says 福, You rewrite",
        "赤いハート, You rewrite",
        "🎈, You rewrite"
    })
    void aPromptIsAskedForInItsLanguage(String prompt, String begins) {
        assertThat(Instruction.ENHANCE.inLanguageOf(prompt)).startsWith(begins);
    }

    @Test
    void captionsHaveInstructionsOfTheirOwn() {
        assertThat(Instruction.REFINE.inLanguageOf("a cat")).startsWith("You refine");
        assertThat(Instruction.REFINE.inLanguageOf("一只猫")).startsWith("你为图片改写说明");
    }

    @Test
    void thePromptGoesOutWithoutEscapesAndBracketsOfTheAnswerAreNoWeights() {
        var asked = new ArrayList<String>();
        var enhancer =
                new PromptEnhancer((_, text) -> {
                    asked.add(text);
                    return "a cat (tabby:1.3) [black] \\o/";
                });
        String drawn = enhancer.enhance("a cat \\(tabby\\)");
        assertThat(asked).containsExactly("a cat (tabby)");
        assertThat(WeightedText.parse(drawn))
                .isEqualTo(WeightedText.plain("a cat (tabby:1.3) [black] \\o/"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a (red:1.3) heart", "a (red) heart", "a [red] heart"})
    void aPromptWithWeightsIsRefusedBeforeAnybodyIsAsked(String prompt) {
        var enhancer =
                new PromptEnhancer((_, _) -> {
                    throw new AssertionError("asked");
                });
        assertThatThrownBy(() -> enhancer.enhance(prompt))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("take the brackets around \"red\" away");
    }
}
