package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.dit4j.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WeightedTextTest {
    /// The third column lists the weighted parts as `part=weight`.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = true,
            nullValues = "-",
            value = {
                "a red heart           | a red heart        | -",
                "a (red:1.3) heart     | a red heart        | red=1.3",
                "a (red: .5 ) heart    | a red heart        | red=0.5",
                "a (red) heart         | a red heart        | red=1.1",
                "a ((red)) heart       | a red heart        | red=1.21",
                "a [red] heart         | a red heart        | red=0.90909",
                "a ((red:1.3)) heart   | a red heart        | red=1.43",
                "(a (red:2) heart:1.5) | a red heart        | a =1.5;red=3;' heart'=1.5",
                "a \\(red\\) \\[x\\]   | a (red) [x]        | -",
                "(a \\(b\\):2)         | a (b)              | a (b)=2",
                "a \\\\(b)             | a \\b              | b=1.1",
                "back\\slash           | back\\slash        | -",
                "a (red heart          | a (red heart       | -",
                "a red) heart          | a red) heart       | -",
                "a [b) c               | a [b) c            | -",
                "(a [b) c              | a [b c             | a [b=1.1",
                "((a) b                | (a b               | a=1.1",
                "a (16:9) frame        | a 16 frame         | 16=9",
                "at 16:9               | at 16:9            | -",
                "(9)                   | 9                  | 9=1.1",
                "(a:b)                 | a:b                | a:b=1.1",
                "(a:1)[](:7)()         | a                  | -",
                "红(色:2)的心           | 红色的心            | 色=2",
                ":)                    | :)                 | -",
            })
    void marksAreRead(String prompt, String text, String spans) {
        WeightedText read = WeightedText.parse(prompt);
        assertThat(read.text()).isEqualTo(text);
        var expected = spans == null ? List.<String>of() : List.of(spans.split(";"));
        assertThat(read.spans()).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            WeightedText.Span s = read.spans().get(i);
            String[] part = expected.get(i).split("=");
            assertThat(text.substring(s.start(), s.end())).isEqualTo(part[0].replace("'", ""));
            assertThat(s.weight()).isCloseTo(Double.parseDouble(part[1]), within(1e-5));
        }
    }

    @Test
    void anyStringIsRead() {
        var random = new Random(1);
        for (int n = 0; n < 2000; n++) {
            String prompt =
                    random.ints(random.nextInt(40), 0, 10)
                            .mapToObj(i -> "()[]\\:1.a ".substring(i, i + 1))
                            .collect(Collectors.joining());
            WeightedText read;
            try {
                read = WeightedText.parse(prompt);
            } catch (ConfigException e) {
                assertThat(e).hasMessageContaining("must be in [0, 10]");
                continue;
            }
            assertThat(read.text().chars().filter(c -> c == 'a').count())
                    .as(prompt)
                    .isEqualTo(prompt.chars().filter(c -> c == 'a').count());
        }
    }

    @Test
    void deepNestingTakesNoLongerThanItsLength() {
        assertThat(WeightedText.parse("(".repeat(50_000) + ")".repeat(50_000)).text()).isEmpty();
        assertThat(WeightedText.parse("(".repeat(100_000)).text()).hasSize(100_000);
        assertThat(WeightedText.parse("([".repeat(20) + ")".repeat(20)).spans()).hasSize(20);
        assertThatThrownBy(() -> WeightedText.parse("([".repeat(50_000) + ")".repeat(50_000)))
                .hasMessageEndingWith("must be in [0, 10] but is 10.83");
    }

    @Test
    void weightsOutOfRangeAreOneClearLine() {
        assertThatThrownBy(() -> WeightedText.parse("a (b:12)"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("the weight of a part of a text must be in [0, 10] but is 12.00");
        assertThatThrownBy(() -> new WeightedText("ab", List.of(new WeightedText.Span(0, 3, 2))))
                .hasMessage("the weighted part 0 to 3 must lie in 0 to 2");
    }
}
