package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxTextEncoderTest {
    @TempDir static Path cache;
    private static FrozenEncoders encoders;
    private static String printed;

    @BeforeAll
    static void open() {
        var bytes = new ByteArrayOutputStream();
        PrintStream out = System.out;
        PrintStream err = System.err;
        try (var stream = new PrintStream(bytes)) {
            System.setOut(stream);
            System.setErr(stream);
            encoders =
                    new FrozenEncoders(TextOptions.defaults().withMaxTokens(32).withCache(cache));
            encoders.encoder(TextModel.BGE_SMALL_ZH);
            encoders.encoder(TextModel.BGE_SMALL_EN);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        printed = bytes.toString(java.nio.charset.StandardCharsets.UTF_8);
    }

    @AfterAll
    static void close() {
        encoders.close();
    }

    private static TextStates zh(String... texts) {
        return encoders.encoder(TextModel.BGE_SMALL_ZH).encode(List.of(texts));
    }

    private static TextStates en(String... texts) {
        return encoders.encoder(TextModel.BGE_SMALL_EN).encode(List.of(texts));
    }

    @Test
    void openingPrintsNothing() {
        assertThat(printed).isEmpty();
    }

    /// Numbers of the published vocabularies of the two models.
    @Test
    void tokensHaveTheNumbersOfTheVocabulary() {
        try (var chinese = new BertTokenizer(TextModel.BGE_SMALL_ZH);
                var english = new BertTokenizer(TextModel.BGE_SMALL_EN)) {
            assertThat(chinese.encode("红色的心", 32).ids())
                    .containsExactly(101, 5273, 5682, 4638, 2552, 102);
            assertThat(english.encode("A red HEART", 32).ids())
                    .containsExactly(101, 1037, 2417, 2540, 102);
            assertThat(chinese.encode("A Red HEART \u201c\u2019 Caf\u00e9", 32).ids())
                    .doesNotContain(100)
                    .containsExactly(chinese.encode("a red heart \"' cafe", 32).ids());
        }
    }

    @Test
    void tokensKnowTheirPlaceInTheText() {
        String text = "A\u0000 😀 \u0007RED \ud83d 红\u0130x Caf\u00e9";
        try (var tokenizer = new BertTokenizer(TextModel.BGE_SMALL_EN)) {
            BertTokens t = tokenizer.encode(text, 32);
            var parts = new ArrayList<String>();
            for (int i = 1; i < t.ids().length - 1; i++) {
                parts.add(text.substring(t.starts()[i], t.ends()[i]));
            }
            assertThat(parts)
                    .contains("A", "😀", "RED", "红", "Caf\u00e9")
                    .noneMatch(String::isEmpty);
            double[] weights =
                    t.weights(new WeightedText(text, List.of(new WeightedText.Span(7, 9, 2))));
            int red = parts.indexOf("RED") + 1;
            assertThat(text.indexOf("RED")).isEqualTo(7);
            assertThat(weights[red]).isEqualTo(5 / 3.0);
            assertThat(java.util.Arrays.stream(weights).filter(w -> w != 1)).hasSize(1);
        }
    }

    @Test
    void textsInABatchHaveTheStatesThatTheyHaveAlone() {
        String[] texts = {"", "a red heart", "红色的心 with a long tail of words behind it"};
        try (var scope = TensorScope.open()) {
            TextStates[] batches = {zh(texts), en(texts)};
            for (int i = 0; i < texts.length; i++) {
                TextStates[] alone = {zh(texts[i]), en(texts[i])};
                for (int e = 0; e < 2; e++) {
                    long n = alone[e].states().size(1);
                    Tensor row = batches[e].states().narrow(0, i, 1);
                    assertThat(Ops.maxAbsDifference(row.narrow(1, 0, n), alone[e].states()))
                            .isLessThan(1e-4);
                    assertThat(Ops.item(row.abs().sum()))
                            .isEqualTo(Ops.item(row.narrow(1, 0, n).abs().sum()));
                    assertThat(Ops.item(batches[e].mask().narrow(0, i, 1).sum())).isEqualTo(n);
                }
            }
        }
    }

    @Test
    void statesHaveTheShapesOfTheModelsAndMeanWhatTheTextsMean() {
        try (var scope = TensorScope.open()) {
            TextStates states = en("a dog", "a small puppy", "quarterly tax report");
            assertThat(Shapes.of(states.states())).containsExactly(3, states.mask().size(1), 384);
            assertThat(Shapes.of(zh("心").states())).containsExactly(1, 3, 512);
            assertThat(Ops.maxAbsDifference(states.states().select(1, 0), states.pooled()))
                    .isZero();
            assertThat(similarity(states, 0, 1)).isGreaterThan(similarity(states, 0, 2) + 0.1);
            TextStates chinese = zh("一只狗", "一只小狗", "季度税务报告");
            assertThat(similarity(chinese, 0, 1)).isGreaterThan(similarity(chinese, 0, 2) + 0.1);
        }
    }

    private static double similarity(TextStates s, int i, int j) {
        Tensor a = s.pooled().select(0, i);
        Tensor b = s.pooled().select(0, j);
        return Ops.item(a.dot(b)) / Math.sqrt(Ops.item(a.dot(a)) * Ops.item(b.dot(b)));
    }

    @Test
    void anyTextIsEncodedAndLongOnesAreReported() {
        String emoji = "😀❤️👩‍👩‍👧‍👦";
        String control = "a\u0000\u0007\u001b[31m\u202e\ufeff\ud800";
        try (var scope = TensorScope.open()) {
            TextStates s = zh("", emoji, control, "red 红 القلب сердце", "ab ".repeat(3334), "心");
            assertThat(Ops.isFinite(s.states())).isTrue();
            assertThat(s.truncated()).containsExactly(new Truncation(4, 3336, 32));
            assertThat(s.truncated().getFirst())
                    .hasToString("text 4 has 3336 tokens, of which 32 were encoded");
            assertThat(en("x".repeat(10_000)).truncated()).isEmpty();
            assertThat(s.states().size(1)).isEqualTo(32);
        }
    }

    @Test
    void weightsChangeTheStatesButNotTheirMeanNorm() {
        try (var scope = TensorScope.open()) {
            Tensor plain = en("a red heart").states();
            TextStates weighted = encoders.encode(List.of("a (red:1.5) heart")).en();
            double before = Ops.item(rows(plain).mean());
            assertThat(Ops.item(rows(weighted.states()).mean()))
                    .isCloseTo(before, org.assertj.core.api.Assertions.within(1e-4));
            float[] ratio = Tensors.floats(rows(weighted.states()).div(rows(plain)));
            assertThat(ratio[2] / ratio[1])
                    .isCloseTo(1.5f, org.assertj.core.api.Assertions.within(1e-4f));
        }
    }

    private static Tensor rows(Tensor states) {
        return Ops.sum(states.square(), false, 2).sqrt().flatten();
    }

    @Test
    void statesArePaddedAtTheRight() {
        try (var scope = TensorScope.open()) {
            TextStates s = en("a red heart");
            TextStates padded = s.padTo(9);
            assertThat(Tensors.floats(padded.mask())).containsExactly(1, 1, 1, 1, 1, 0, 0, 0, 0);
            assertThat(Ops.maxAbsDifference(padded.states().narrow(1, 0, 5), s.states())).isZero();
            assertThat(Ops.item(padded.states().narrow(1, 5, 4).abs().sum())).isZero();
            assertThatThrownBy(() -> s.padTo(4))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("texts of 5 tokens cannot be padded to 4");
        }
    }

    @Test
    void threadsMayShareAnEncoder() {
        List<CompletableFuture<float[]>> results = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            results.add(CompletableFuture.supplyAsync(OnnxTextEncoderTest::heart));
        }
        float[] expected = heart();
        assertThat(results).allSatisfy(r -> assertThat(r.join()).containsExactly(expected));
    }

    private static float[] heart() {
        try (var scope = TensorScope.open()) {
            return Tensors.floats(zh("a red heart").states());
        }
    }

    @Test
    void encodingLeavesNothingBehind() {
        long before = 0;
        for (int i = 0; i < 20; i++) {
            try (var scope = TensorScope.open()) {
                encoders.encode(List.of("a (red:1.3) heart", "心")).zh().padTo(20);
            }
            if (i == 5) {
                before = Pointer.totalCount();
            }
        }
        assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }

    @Test
    void whatCannotBeDoneIsOneClearLine() {
        assertThatThrownBy(() -> zh())
                .isInstanceOf(ConfigException.class)
                .hasMessage("there must be a text to encode");
        assertThatThrownBy(() -> TextOptions.defaults().withMaxTokens(257))
                .hasMessage("max_tokens must be in [2, 256] but is 257");
        var closed = new FrozenEncoders(TextOptions.defaults());
        closed.close();
        assertThatThrownBy(() -> closed.encode(List.of("a")))
                .isInstanceOf(TextException.class)
                .hasMessage("the text encoders are closed");
    }

    @Test
    void withoutAFolderTheModelIsUnpackedInMemory() {
        Path unwritable = cache.resolve("bge-small-zh-v1.5.onnx").resolve("below a file");
        var options = TextOptions.defaults().withCache(unwritable);
        try (var scope = TensorScope.open();
                var encoder = OnnxTextEncoder.open(TextModel.BGE_SMALL_ZH, options)) {
            assertThat(Tensors.floats(encoder.encode(List.of("a red heart")).states()))
                    .containsExactly(heart());
        }
    }
}
