package org.dit4j.text;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.dit4j.tensor.Hardware;
import org.jspecify.annotations.Nullable;

/// The Chinese and the English encoder, which open at their first use, both at once.
///
/// ```java
/// try (var encoders = new FrozenEncoders(TextOptions.defaults())) {
///     encoders.prepare(); // opens in the background, while the network is being read
///     BilingualStates text = encoders.encode(List.of("a (red:1.3) heart"));
/// }
/// ```
///
/// Thread-safe. Results belong to the caller's innermost scope.
public final class FrozenEncoders implements AutoCloseable {
    private final TextOptions options;
    private @Nullable CompletableFuture<OnnxTextEncoder> zh;
    private @Nullable CompletableFuture<OnnxTextEncoder> en;
    private boolean closed;

    /// Describes the encoders; nothing is opened yet.
    public FrozenEncoders(TextOptions options) {
        this.options = options;
    }

    /// Begins to open both encoders, on threads of their own, and returns at once. What goes wrong
    /// is told by the call that needs them.
    ///
    /// @throws TextException if this was closed
    public void prepare() {
        var _ = opened(TextModel.BGE_SMALL_ZH);
    }

    /// Encodes prompts with both encoders, their marks read as [WeightedText#parse] does.
    ///
    /// @throws org.dit4j.ConfigException if the list is empty or a weight is out of range
    /// @throws TextException if an encoder cannot be opened
    public BilingualStates encode(List<String> prompts) {
        return encodeWeighted(prompts.stream().map(WeightedText::parse).toList());
    }

    /// Encodes texts with both encoders.
    ///
    /// @throws org.dit4j.ConfigException if the list is empty
    /// @throws TextException if an encoder cannot be opened
    public BilingualStates encodeWeighted(List<WeightedText> texts) {
        return new BilingualStates(
                encoder(TextModel.BGE_SMALL_ZH).encodeWeighted(texts),
                encoder(TextModel.BGE_SMALL_EN).encodeWeighted(texts));
    }

    /// Returns one of the encoders, opened; it belongs to this.
    ///
    /// @throws TextException if it cannot be opened
    public TextEncoder encoder(TextModel model) {
        try {
            return opened(model).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof TextException cause
                    ? new TextException(String.valueOf(cause.getMessage()), cause)
                    : e;
        }
    }

    private synchronized CompletableFuture<OnnxTextEncoder> opened(TextModel model) {
        if (closed) {
            throw new TextException("the text encoders are closed");
        }
        Hardware.prepare();
        var first = zh == null ? open(TextModel.BGE_SMALL_ZH) : zh;
        var second = en == null ? open(TextModel.BGE_SMALL_EN) : en;
        zh = first;
        en = second;
        return model == TextModel.BGE_SMALL_ZH ? first : second;
    }

    private CompletableFuture<OnnxTextEncoder> open(TextModel model) {
        var result = new CompletableFuture<OnnxTextEncoder>();
        Thread.ofPlatform()
                .daemon()
                .name("open-" + model.id())
                .start(() ->
                        result.completeAsync(
                                () -> OnnxTextEncoder.open(model, options), Runnable::run));
        return result;
    }

    /// Frees both encoders, after waiting for those that are just being opened.
    @Override
    public synchronized void close() {
        closed = true;
        close(zh);
        close(en);
        zh = null;
        en = null;
    }

    private static void close(@Nullable CompletableFuture<OnnxTextEncoder> encoder) {
        if (encoder != null) {
            encoder.handle((opened, failure) -> opened).thenAccept(o -> close(o)).join();
        }
    }

    private static void close(@Nullable OnnxTextEncoder encoder) {
        if (encoder != null) {
            encoder.close();
        }
    }
}
