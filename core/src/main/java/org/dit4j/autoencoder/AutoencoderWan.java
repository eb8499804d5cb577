package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.TileSeams.Seam;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;

/// The causal video autoencoder of Wan 2.1 and 2.2 (Wan Team 2025, arXiv:2503.20314, section 4.1;
/// diffusers `autoencoder_kl_wan.py`).
///
/// The first frame becomes a latent of its own and every four after it another one; of a rest of
/// fewer than four nothing is encoded, as in the original.
public final class AutoencoderWan implements VideoAutoencoder {
    /// Frames that become one latent, but for the first one; the original always cuts so.
    private static final int CHUNK = 4;

    /// The arguments of diffusers' `AutoencoderKLWan`.
    ///
    /// @param baseDim width that the multiples of the encoder count
    /// @param decoderBaseDim the same of the decoder
    /// @param zDim channels C of the latents
    /// @param dimMult multiples of the stages of the encoder; each but the last halves height and
    ///   width
    /// @param numResBlocks residual blocks of a stage; the decoder has one more
    /// @param attnScales sizes, 1 the whole and 0.5 half of it, at which the encoder of Wan 2.1
    ///   attends
    /// @param temporalDownsample which stages, all but the last, halve the frames too
    /// @param scale from its latents to those of the diffusion model
    /// @param isResidual whether stages have unlearned shortcuts, as in Wan 2.2
    /// @param inChannels channels that it reads, of patches
    /// @param outChannels channels that it makes, of patches
    /// @param patchSize height and width of the squares of pixels that are made channels, 1 for
    ///   none
    /// @param downsampling pixels of a latent along a side (`scale_factor_spatial`)
    public record Config(
            int baseDim,
            int decoderBaseDim,
            int zDim,
            List<Integer> dimMult,
            int numResBlocks,
            List<Double> attnScales,
            List<Boolean> temporalDownsample,
            LatentScale scale,
            boolean isResidual,
            int inChannels,
            int outChannels,
            int patchSize,
            int downsampling) {
        /// Checks the rules that hold between the numbers.
        public Config {
            dimMult = List.copyOf(dimMult);
            attnScales = List.copyOf(attnScales);
            temporalDownsample = List.copyOf(temporalDownsample);
            ConfigException.require(
                    baseDim > 0 && decoderBaseDim > 0 && zDim > 0,
                    "base_dim, decoder_base_dim and z_dim must be positive but are %d, %d and %d",
                    baseDim,
                    decoderBaseDim,
                    zDim);
            ConfigException.require(
                    !dimMult.isEmpty()
                            && dimMult.stream().allMatch(m -> m > 0)
                            && temporalDownsample.size() >= dimMult.size() - 1,
                    "dim_mult %s must be positive and temperal_downsample %s have an entry for all"
                            + " but the last",
                    dimMult,
                    temporalDownsample);
            ConfigException.require(
                    numResBlocks > 0, "num_res_blocks must be positive but is %d", numResBlocks);
            int square = patchSize * patchSize;
            ConfigException.require(
                    patchSize > 0
                            && inChannels > 0
                            && outChannels > 0
                            && inChannels % square == 0
                            && outChannels % square == 0,
                    "in_channels %d and out_channels %d must be multiples of the square of"
                            + " patch_size %d",
                    inChannels,
                    outChannels,
                    patchSize);
            ConfigException.require(
                    downsampling > 0 && downsampling % patchSize == 0,
                    "scale_factor_spatial %d must be a multiple of patch_size %d",
                    downsampling,
                    patchSize);
            ConfigException.require(
                    scale.mean().isEmpty() || scale.mean().size() == zDim,
                    "latents_mean must have %d numbers but has %d",
                    zDim,
                    scale.mean().size());
        }

        /// Returns which stages of the decoder double the frames.
        List<Boolean> temporalUpsample() {
            return temporalDownsample.reversed();
        }
    }

    private final Config config;
    private final List<VideoLayer> encoder;
    private final List<VideoLayer> decoder;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public AutoencoderWan(ParameterSource source, Config config) {
        this.config = config;
        encoder = WanStages.encoder(source, config);
        decoder = WanStages.decoder(source, config);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters: PyTorch's defaults, as in the reference.
    public static AutoencoderWan initialise(Config config, Rng rng) {
        return new AutoencoderWan(ParameterSource.initialising(rng), config);
    }

    /// Reads `config.json` and the checkpoint of a folder that diffusers wrote.
    ///
    /// @throws ConfigException if the configuration is not that of an `AutoencoderKLWan`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static AutoencoderWan load(Path folder, LoadOptions options) {
        Config config = VideoAutoencoderConfigs.readWan(folder.resolve("config.json"));
        return Checkpoints.load(folder, options, source -> new AutoencoderWan(source, config));
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    @Override
    public LatentScale scale() {
        return config.scale;
    }

    @Override
    public int latentChannels() {
        return config.zDim;
    }

    @Override
    public int downsampling() {
        return config.downsampling;
    }

    @Override
    public int temporalDownsampling() {
        int stages = config.dimMult.size() - 1;
        return 1 << Collections.frequency(config.temporalDownsample.subList(0, stages), true);
    }

    /// Tiles of 256 pixels that lie 192 apart.
    @Override
    public Tiling tiling() {
        Tiling.Axis axis = Tiling.Axis.strided(256, 192, config.downsampling);
        return Tiling.of(axis, axis);
    }

    @Override
    public Posterior posterior(Tensor x) {
        requireVideo(x);
        return Posterior.of(moments(patchify(x)));
    }

    @Override
    public Posterior posterior(Tensor x, Tiling tiling) {
        requireVideo(x);
        var tiles = new TileSeams(encoding(tiling.rows()), encoding(tiling.columns()));
        return tiles.needed(x) ? Posterior.of(tiles.map(patchify(x), this::moments)) : posterior(x);
    }

    private void requireVideo(Tensor x) {
        int square = config.patchSize * config.patchSize;
        Shapes.require(
                x, "x", Shapes.ANY, config.inChannels / square, Shapes.ANY, Shapes.ANY, Shapes.ANY);
        int f = config.downsampling;
        if (x.size(2) < 1 || x.size(3) % f != 0 || x.size(4) % f != 0) {
            throw new ShapeException(
                    "a video must have a frame and sides that are multiples of %d but is %d x %d x %d"
                            .formatted(f, x.size(2), x.size(3), x.size(4)));
        }
    }

    /// Maps patches `[B, inputs, F, H/p, W/p]` to `[B, 2 C, f, h, w]`.
    private Tensor moments(Tensor patches) {
        var chunks = new long[(int) (1 + (patches.size(2) - 1) / CHUNK)];
        Arrays.fill(chunks, CHUNK);
        chunks[0] = 1;
        return VideoLayer.stream(patches, chunks, encoder);
    }

    /// Returns the videos that the network's own latents stand for, limited to [-1, 1].
    @Override
    public Tensor reconstruct(Tensor z) {
        requireLatents(z);
        return pixels(patches(z));
    }

    @Override
    public Tensor reconstruct(Tensor z, Tiling tiling) {
        requireLatents(z);
        var tiles = new TileSeams(decoding(tiling.rows()), decoding(tiling.columns()));
        return tiles.needed(z) ? pixels(tiles.map(z, this::patches)) : reconstruct(z);
    }

    private void requireLatents(Tensor z) {
        Shapes.require(z, "z", Shapes.ANY, config.zDim, Shapes.ANY, Shapes.ANY, Shapes.ANY);
    }

    /// Maps `[B, C, f, h, w]` to patches `[B, outputs, F, H/p, W/p]`.
    private Tensor patches(Tensor z) {
        var chunks = new long[(int) z.size(2)];
        Arrays.fill(chunks, 1);
        return VideoLayer.stream(z, chunks, decoder);
    }

    private Tensor pixels(Tensor patches) {
        return Ops.clamp(unpatchify(patches), -1, 1);
    }

    /// The encoder's tiles lie on the patches, and have as many of them as the tiling says pixels.
    private Seam encoding(Tiling.Axis a) {
        int f = config.downsampling / config.patchSize;
        int keep = a.sampleStride() / f;
        return new Seam(a.sampleSize(), a.sampleStride(), a.sampleSize() / f - keep, keep);
    }

    private Seam decoding(Tiling.Axis a) {
        int keep = a.sampleStride() / config.patchSize;
        int blend = a.sampleSize() / config.patchSize - keep;
        return new Seam(a.latentSize(), a.latentStride(), blend, keep);
    }

    /// Makes squares of pixels channels, ordered channel, column, row.
    private Tensor patchify(Tensor x) {
        long p = config.patchSize;
        if (p == 1) {
            return x;
        }
        long h = x.size(3) / p;
        long w = x.size(4) / p;
        return x.reshape(x.size(0), x.size(1), x.size(2), h, p, w, p)
                .permute(0, 1, 6, 4, 2, 3, 5)
                .reshape(x.size(0), config.inChannels, x.size(2), h, w);
    }

    private Tensor unpatchify(Tensor x) {
        long p = config.patchSize;
        if (p == 1) {
            return x;
        }
        long c = config.outChannels / (p * p);
        return x.reshape(x.size(0), c, p, p, x.size(2), x.size(3), x.size(4))
                .permute(0, 1, 4, 5, 3, 6, 2)
                .reshape(x.size(0), c, x.size(2), x.size(3) * p, x.size(4) * p);
    }
}
