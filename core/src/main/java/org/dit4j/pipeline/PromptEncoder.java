package org.dit4j.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Lora;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.EncodedTokens;
import org.dit4j.text.TextCheckpoint;
import org.dit4j.text.TokenBatch;
import org.dit4j.text.TokenEncoder;
import org.dit4j.text.Tokenizer;

/// A text encoder of a pipeline's folder with its tokenizer, opened when first needed. Thread-safe:
/// one batch of texts after the other.
final class PromptEncoder implements AutoCloseable {
    /// What became of texts.
    ///
    /// @param tokens their tokens
    /// @param states their states
    record Encoded(TokenBatch tokens, EncodedTokens states) {
        /// Returns the layer that was asked for beside the last.
        Tensor beside() {
            return states.layers().values().iterator().next();
        }

        /// Says which texts were too long, a line each.
        ///
        /// @param name of the encoder
        List<String> remarks(String name) {
            return tokens.truncated().stream().map(t -> "for " + name + ", " + t).toList();
        }
    }

    private final Lazy<Tokenizer> tokenizer;
    private final Lazy<TokenEncoder> encoder;
    private final Residency residency;

    private PromptEncoder(
            Lazy<Tokenizer> tokenizer, Lazy<TokenEncoder> encoder, Residency residency) {
        this.tokenizer = tokenizer;
        this.encoder = encoder;
        this.residency = residency;
    }

    /// Names the encoder of a pipeline.
    ///
    /// @param folder of the pipeline, with `text_encoder` and `tokenizer`
    /// @param suffix what follows both names, such as `_2`
    /// @param options of adapters among them, the encoder takes what is for it
    static PromptEncoder of(Path folder, String suffix, LoadOptions options, Residency residency) {
        Path weights = folder.resolve("text_encoder" + suffix);
        Path tokens = folder.resolve("tokenizer" + suffix);
        Set<Lora.Part> parts = parts(folder, suffix);
        LoadOptions own =
                options.withLoras(options.loras().stream().map(l -> l.only(parts)).toList());
        return new PromptEncoder(
                new Lazy<>(() -> Tokenizer.open(tokens)),
                new Lazy<>(() -> TextCheckpoint.open(weights).load(own)),
                residency);
    }

    /// Returns the parts of adapters that an encoder takes.
    private static Set<Lora.Part> parts(Path folder, String suffix) {
        return switch (suffix) {
            case "" -> Set.of(Lora.Part.TEXT_ENCODER);
            case "_2" ->
                    Files.isDirectory(folder.resolve("text_encoder_3"))
                            ? Set.of(Lora.Part.TEXT_ENCODER_2)
                            : Set.of(Lora.Part.TEXT_ENCODER_2, Lora.Part.TEXT_ENCODER_3);
            default -> Set.of(Lora.Part.TEXT_ENCODER_3);
        };
    }

    /// Fails if adapters have layers for text encoders that a pipeline lacks.
    static void requireEncoders(Path folder, List<Lora> loras) {
        var taken = EnumSet.of(Lora.Part.NETWORK);
        for (String suffix : List.of("", "_2", "_3")) {
            if (Files.isDirectory(folder.resolve("text_encoder" + suffix))) {
                taken.addAll(parts(folder, suffix));
            }
        }
        for (Lora lora : loras) {
            for (Lora.Part part : lora.contents()) {
                ConfigException.require(
                        taken.contains(part),
                        "%s has layers for the part %s, which %s lacks",
                        lora.file(),
                        part.name().toLowerCase(Locale.ROOT),
                        folder);
            }
        }
    }

    /// Returns the number of tokens of the longest text.
    synchronized int longest(List<String> texts) {
        return texts.stream()
                .mapToInt(text -> tokenizer.get().ids(text, true).length)
                .max()
                .orElse(0);
    }

    /// Returns how many tokens of a text the encoder takes.
    ///
    /// @param usual where the folder does not say
    synchronized int mostTokens(int usual) {
        return tokenizer.get().mostTokens().orElse(usual);
    }

    /// Encodes texts whose padding is attended to as if it were text.
    ///
    /// @param length tokens of every text
    /// @param fromLast which layer is wanted beside the last: 1 for the one before it; 0 for none
    synchronized Encoded unmasked(List<String> texts, int length, int fromLast) {
        TokenBatch tokens = tokenizer.get().encode(texts, length);
        Tensor all = Tensors.full(1, Dtype.INT64, texts.size(), tokens.ids().size(1));
        return encode(tokens, all, fromLast);
    }

    /// Encodes texts whose padding is not attended to.
    synchronized Encoded masked(List<String> texts, int length, int fromLast) {
        TokenBatch tokens = tokenizer.get().encode(texts, length);
        return encode(tokens, tokens.mask(), fromLast);
    }

    /// Encodes texts whose padding is not attended to and stands behind them, whatever the folder
    /// says.
    synchronized Encoded maskedBehind(List<String> texts, int length, int fromLast) {
        TokenBatch tokens = tokenizer.get().encode(texts, length, Tokenizer.Side.RIGHT);
        return encode(tokens, tokens.mask(), fromLast);
    }

    private Encoded encode(TokenBatch tokens, Tensor mask, int fromLast) {
        TokenEncoder network = encoder.get();
        Set<Integer> layers = fromLast == 0 ? Set.of() : Set.of(network.depth() - fromLast);
        EncodedTokens states = network.encode(tokens.ids(), mask, layers);
        if (residency == Residency.RELEASE) {
            encoder.close();
        }
        return new Encoded(tokens, states);
    }

    @Override
    public synchronized void close() {
        try (tokenizer;
                encoder) {
            return;
        }
    }
}
