package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    @TempDir Path folder;

    private Tokenizer bert(String... more) throws IOException {
        var words = "[PAD] [UNK] [CLS] [SEP] [MASK] a cat ##s sat \u732b".split(" ");
        Files.write(folder.resolve("vocab.txt"), List.of(words));
        for (String json : more) {
            Files.writeString(folder.resolve("tokenizer_config.json"), json);
        }
        return Tokenizer.open(folder);
    }

    @Test
    void aVocabularyOfWordPiecesIsATokenizer() throws IOException {
        try (var _ = TensorScope.open();
                Tokenizer bert = bert()) {
            assertThat(bert.ids("A C\u00c2TS sat\u732b[MASK]", true))
                    .containsExactly(2, 5, 6, 7, 8, 9, 4, 3);
            assertThat(bert.ids("dog\ud83d", false)).containsExactly(1);
            TokenBatch batch = bert.encode(List.of("a", "cats sat a cat"), 5);
            assertThat(Tensors.longs(batch.ids())).containsExactly(2, 5, 3, 0, 0, 2, 6, 7, 8, 3);
            assertThat(Tensors.longs(batch.mask())).containsExactly(1, 1, 1, 0, 0, 1, 1, 1, 1, 1);
            assertThat(batch.truncated()).containsExactly(new Truncation(1, 7, 5));
            TokenBatch left = bert.encode(List.of("a"), 4, Tokenizer.Side.LEFT);
            assertThat(Tensors.longs(left.ids())).containsExactly(0, 2, 5, 3);
            assertThat(Tensors.longs(left.mask())).containsExactly(0, 1, 1, 1);
            assertThatThrownBy(() -> bert.encode(List.of("a"), 1))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("1 tokens have no room for the marks of start and end");
        }
    }

    @Test
    void theConfigurationBesideItIsFollowed() throws IOException {
        String json =
                "{\"do_lower_case\": false, \"padding_side\": \"left\", \"chat_template\": \"x\","
                        + " \"additional_special_tokens\": [{\"content\": \"<new>\"}]}";
        try (var _ = TensorScope.open();
                Tokenizer bert = bert(json)) {
            assertThat(bert.ids("A cat<new>a", false)).containsExactly(1, 6, 10, 5);
            assertThat(Tensors.longs(bert.encode(List.of("a"), 4).ids()))
                    .containsExactly(0, 2, 5, 3);
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"padding_side\": \"top\"}");
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .hasMessage("padding_side must be left or right but is top");
    }

    @Test
    void saysWhatAFolderLacks() throws IOException {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(TextException.class)
                .hasMessageContaining("has no tokenizer.json, vocab.txt");
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(TextException.class)
                .hasMessageStartingWith("cannot open the tokenizer of ")
                .message()
                .hasLineCount(1);
    }

    // ---- SentencePiece

    private static byte[] field(int number, byte[] content) {
        byte[] all =
                Arrays.copyOf(
                        new byte[] {(byte) (number << 3 | 2), (byte) content.length},
                        content.length + 2);
        System.arraycopy(content, 0, all, 2, content.length);
        return all;
    }

    private static byte[] piece(String text, double score, int kind) {
        byte[] number =
                ByteBuffer.allocate(5)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put((byte) 0x15)
                        .putFloat((float) score)
                        .array();
        return field(
                1,
                join(
                        field(1, text.getBytes(StandardCharsets.UTF_8)),
                        number,
                        new byte[] {0x18, (byte) kind}));
    }

    private static byte[] join(byte[]... parts) {
        var out = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }

    /// `a b` is likeliest as one piece, `ab` as two.
    private static byte[] model() {
        return join(
                piece("<unk>", 0, 2),
                piece("</s>", 0, 3),
                piece("\u2581a", -1, 1),
                piece("\u2581b", -2, 1),
                piece("b", -1, 1),
                piece("\u2581a\u2581b", -2.5, 1),
                field(2, new byte[] {0x18, 1}),
                field(3, field(1, "identity".getBytes(StandardCharsets.UTF_8))),
                field(6, new byte[] {1, 2, 3}));
    }

    @Test
    void aModelOfSentencePieceIsATokenizer() throws IOException {
        Path file = folder.resolve("spiece.model");
        Files.write(file, model());
        try (Tokenizer own = Tokenizer.openSentencePiece(file);
                Tokenizer t5 = Tokenizer.open(folder)) {
            assertThat(own.ids("  a   b ", true)).containsExactly(5);
            assertThat(own.ids("ab xx </s>", false)).startsWith(2, 4, 0).doesNotContain(1);
            assertThat(t5.ids("ab</s>", true)).containsExactly(2, 4, 1, 1);
            assertThat(t5.ids("a b", false)).containsExactly(2, 3);
            assertThat(t5.ids("<extra_id_0>", false)).containsExactly(6 + 99);
        }
    }

    @Test
    void damagedModelsAreErrorsOfOneLine() throws IOException {
        Path file = folder.resolve("spiece.model");
        byte[] good = model();
        for (int cut = 1; cut < good.length; cut++) {
            Files.write(file, Arrays.copyOf(good, cut));
            try {
                SentencePieceModel.read(file);
            } catch (TextException e) {
                assertThat(e).hasMessageStartingWith(file + " is no SentencePiece model: ");
                assertThat(e.getMessage()).hasLineCount(1);
            }
        }
        Files.write(file, new byte[] {0x0a, -1, -1, -1, -1, 0x7f});
        assertThatThrownBy(() -> SentencePieceModel.read(file))
                .hasMessageEndingWith("a field of 34359738367 bytes with 0 left");
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> SentencePieceModel.read(file))
                .hasMessageEndingWith("the unknown piece 0 is none of 0");
    }
}
