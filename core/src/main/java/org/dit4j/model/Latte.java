package org.dit4j.model;

import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Positions;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// Latte, class-conditional (Ma et al. 2024, arXiv:2401.03048, variant 1; Vchitect/Latte,
/// `models/latte.py`): the layers of a DiT, whose blocks attend in turn within a frame and, at each
/// place, over time.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class Latte implements AutoCloseable {
    /// The numbers of a network.
    ///
    /// @param frame what a frame alone would go through; of an even number of blocks
    /// @param numFrames frames F of every video
    public record Config(Dit.Config frame, int numFrames) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    frame.depth() % 2 == 0, "depth must be even but is %d", frame.depth());
            ConfigException.require(
                    numFrames > 0, "num_frames must be positive but is %d", numFrames);
            ConfigException.require(
                    frame.variant().equals(Dit.Variant.ORIGINAL),
                    "the blocks of a Latte must be those of the original DiT");
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens `[B F, N, D]`
    /// @param c time and class `[B, D]`
    public record Hidden(Tensor x, Tensor c) {}

    private final Config config;
    private final Tensor tempEmbed; // [1, F, D]
    private final Dit dit;

    /// Builds the network from named parameters.
    public Latte(ParameterSource source, Config config) {
        this.config = config;
        int d = config.frame.hiddenSize();
        int f = config.numFrames;
        tempEmbed = source.buffer("temp_embed", () -> Positions.sinCos1d(d, f, 1), 1, f, d);
        dit = new Dit(source, config.frame);
    }

    /// Returns a network with fresh parameters, which start as those of a DiT.
    public static Latte initialise(Config config, Rng rng) {
        return new Latte(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents must have.
    public Dtype dtype() {
        return dit.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return dit.parameters();
    }

    /// Predicts the noise and, if it was learned, the variance.
    ///
    /// @param x noisy latents `[B, F, C, H, W]`
    /// @param t diffusion step `[B]`
    /// @param y class `[B]`, int64
    /// @return `[B, F, outputs, H, W]` in the caller's scope
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    public Tensor forward(Tensor x, Tensor t, Tensor y) {
        return TensorScope.compute(() -> {
            Hidden h = embed(x, t, y);
            return head(throughAll(h), h.c, x.size(3), x.size(4));
        });
    }

    private Tensor throughAll(Hidden h) {
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(
                    h.x, IntStream.range(0, depth()).boxed().toList(), (z, i) -> block(i, z, h.c));
        }
        Tensor z = h.x;
        for (int i = 0; i < depth(); i++) {
            z = block(i, z, h.c);
        }
        return z;
    }

    /// Embeds noisy latents, time and class.
    public Hidden embed(Tensor x, Tensor t, Tensor y) {
        int f = config.numFrames;
        Shapes.require(x, "x", Shapes.ANY, f, config.frame.inChannels(), Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(y, "y", b);
        Network.Hidden h =
                dit.embed(x.flatten(0, 1), VideoTokens.each(t, f), VideoTokens.each(y, f));
        return new Hidden(h.x(), h.c().reshape(b, f, config.frame.hiddenSize()).select(1, 0));
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.frame.depth();
    }

    /// Applies block `i` to the tokens `[B F, N, D]`: an even one within each frame, an odd one
    /// over time; the first of those learns which frame is which.
    ///
    /// @param c time and class `[B, D]`
    public Tensor block(int i, Tensor x, Tensor c) {
        if (i % 2 == 0) {
            return dit.block(i, x, VideoTokens.each(c, config.numFrames)); // [B F, N, D]
        }
        long n = x.size(1);
        Tensor z = VideoTokens.turn(x, config.numFrames); // [B N, F, D]
        z = dit.block(i, i == 1 ? z.add(tempEmbed) : z, VideoTokens.each(c, n)); // [B N, F, D]
        return VideoTokens.turn(z, n); // [B F, N, D]
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B F, N, D]`
    /// @param c time and class `[B, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, F, outputs, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        int f = config.numFrames;
        Tensor out = dit.head(x, VideoTokens.each(c, f), h, w); // [B F, outputs, H, W]
        return out.reshape(c.size(0), f, out.size(1), h, w);
    }

    @Override
    public void close() {
        dit.close();
    }
}
