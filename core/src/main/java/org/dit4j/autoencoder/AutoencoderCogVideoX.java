package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Activation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// The causal video autoencoder of CogVideoX (Yang et al. 2024, arXiv:2408.06072, section 2.1;
/// diffusers `autoencoder_kl_cogvideox.py`).
///
/// Videos pass in chunks of 8 frames, latents in chunks of 2; the first chunk takes what remains
/// too. The norms see the whole chunk, so that its length is part of the network.
public final class AutoencoderCogVideoX implements VideoAutoencoder {
    private static final int FRAMES = 8;
    private static final int LATENT_FRAMES = 2;

    /// The arguments of diffusers' `AutoencoderKLCogVideoX`.
    ///
    /// @param inChannels channels of the videos that it reads
    /// @param outChannels channels of the videos that it makes
    /// @param blockOutChannels widths of the stages; each but the last halves height and width
    /// @param latentChannels channels C of the latents
    /// @param layersPerBlock residual blocks of a stage; the decoder has one more
    /// @param activation the nonlinearity
    /// @param normEps epsilon of the encoder's norms
    /// @param normNumGroups groups of the norms, divides all widths
    /// @param temporalCompressionRatio frames of a latent, a power of 2
    /// @param sampleHeight height it was trained with, of which a tile has half
    /// @param sampleWidth width it was trained with, of which a tile has half
    /// @param scale from its latents to those of the diffusion model
    /// @param invertScaleLatents whether what a video is conditioned on is divided by the factor of
    ///   `scale` instead
    /// @param useQuantConv whether a convolution of each place follows the encoder
    /// @param usePostQuantConv whether a convolution of each place precedes the decoder
    public record Config(
            int inChannels,
            int outChannels,
            List<Integer> blockOutChannels,
            int latentChannels,
            int layersPerBlock,
            Activation activation,
            double normEps,
            int normNumGroups,
            int temporalCompressionRatio,
            int sampleHeight,
            int sampleWidth,
            LatentScale scale,
            boolean invertScaleLatents,
            boolean useQuantConv,
            boolean usePostQuantConv) {
        /// Checks the rules that hold between the numbers.
        public Config {
            blockOutChannels = List.copyOf(blockOutChannels);
            int groups = normNumGroups;
            ConfigException.require(
                    inChannels > 0
                            && outChannels > 0
                            && latentChannels > 0
                            && layersPerBlock > 0
                            && normEps > 0,
                    "in_channels, out_channels, latent_channels, layers_per_block and norm_eps must"
                            + " be positive but are %d, %d, %d, %d and %s",
                    inChannels,
                    outChannels,
                    latentChannels,
                    layersPerBlock,
                    normEps);
            ConfigException.require(
                    !blockOutChannels.isEmpty()
                            && groups > 0
                            && blockOutChannels.stream().allMatch(w -> w > 0 && w % groups == 0),
                    "block_out_channels %s must be divisible by norm_num_groups %d",
                    blockOutChannels,
                    groups);
            ConfigException.require(
                    temporalCompressionRatio > 0,
                    "temporal_compression_ratio must be positive but is %d",
                    temporalCompressionRatio);
            ConfigException.require(
                    sampleHeight > 1 && sampleWidth > 1,
                    "sample_height %d and sample_width %d must be at least 2",
                    sampleHeight,
                    sampleWidth);
            ConfigException.require(
                    !(useQuantConv || usePostQuantConv) || outChannels == latentChannels,
                    "use_quant_conv and use_post_quant_conv want as many out_channels %d as"
                            + " latent_channels %d",
                    outChannels,
                    latentChannels);
            ConfigException.require(
                    scale.mean().isEmpty() || scale.mean().size() == latentChannels,
                    "latents_mean must have %d numbers but has %d",
                    latentChannels,
                    scale.mean().size());
        }

        /// Returns how many stages halve the frames.
        int temporalStages() {
            return 31 - Integer.numberOfLeadingZeros(temporalCompressionRatio);
        }
    }

    private final Config config;
    private final List<VideoLayer> encoder;
    private final List<VideoLayer> decoder;
    private final @Nullable CausalConv3d quantConv;
    private final @Nullable CausalConv3d postQuantConv;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public AutoencoderCogVideoX(ParameterSource source, Config config) {
        this.config = config;
        encoder = CogVideoXStages.encoder(source.at("encoder"), config);
        decoder = CogVideoXStages.decoder(source.at("decoder"), config);
        quantConv =
                config.useQuantConv
                        ? conv(source.at("quant_conv"), 2 * config.latentChannels)
                        : null;
        postQuantConv =
                config.usePostQuantConv
                        ? conv(source.at("post_quant_conv"), config.latentChannels)
                        : null;
        parameters = source.parameters();
    }

    private static CausalConv3d conv(ParameterSource source, int channels) {
        return CogVideoXLayers.pointwise(source, channels, channels);
    }

    /// Returns a network with fresh parameters: PyTorch's defaults, as in the reference.
    public static AutoencoderCogVideoX initialise(Config config, Rng rng) {
        return new AutoencoderCogVideoX(ParameterSource.initialising(rng), config);
    }

    /// Reads `config.json` and the checkpoint of a folder that diffusers wrote.
    ///
    /// @throws ConfigException if the configuration is not that of an `AutoencoderKLCogVideoX`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static AutoencoderCogVideoX load(Path folder, LoadOptions options) {
        Config config = VideoAutoencoderConfigs.readCogVideoX(folder.resolve("config.json"));
        return Checkpoints.load(
                folder, options, source -> new AutoencoderCogVideoX(source, config));
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

    /// CogVideoX 1.5 was conditioned on pictures whose latents were divided by the factor
    /// (diffusers `pipeline_cogvideox_image2video.py`).
    @Override
    public LatentScale encodingScale() {
        LatentScale s = config.scale;
        return config.invertScaleLatents
                ? new LatentScale(1 / s.factor(), s.shift(), s.mean(), s.std())
                : s;
    }

    @Override
    public int latentChannels() {
        return config.latentChannels;
    }

    @Override
    public int downsampling() {
        return 1 << (config.blockOutChannels.size() - 1);
    }

    @Override
    public int temporalDownsampling() {
        return 1 << config.temporalStages();
    }

    /// What the needed latents are decoded to: an even number of them has no single first frame.
    @Override
    public int rounded(int frames) {
        int t = temporalDownsampling();
        int latents = (frames - 1) / t + 1;
        return latents % LATENT_FRAMES == 0 ? latents * t : (latents - 1) * t + 1;
    }

    /// Tiles of half the height and width that it was trained with, which overlap by a sixth and a
    /// fifth.
    @Override
    public Tiling tiling() {
        return tiling(config.sampleHeight / 2, config.sampleWidth / 2, 1.0 / 6, 1.0 / 5);
    }

    /// Returns tiles as `enable_tiling` of the original takes them.
    ///
    /// @param height of a tile in pixels
    /// @param width of a tile in pixels
    /// @param down share of a tile that the one below covers too
    /// @param across share of a tile that the one to the right covers too
    public Tiling tiling(int height, int width, double down, double across) {
        int f = downsampling();
        return Tiling.of(
                Tiling.Axis.overlapping(height, height / f, down),
                Tiling.Axis.overlapping(width, width / f, across));
    }

    @Override
    public Posterior posterior(Tensor x) {
        return Posterior.of(moments(x));
    }

    @Override
    public Posterior posterior(Tensor x, Tiling tiling) {
        var tiles = TileSeams.encoding(tiling);
        return tiles.needed(x) ? Posterior.of(tiles.map(x, this::moments)) : posterior(x);
    }

    private void requireVideo(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY, Shapes.ANY);
        int f = downsampling();
        if (x.size(2) < 1 || x.size(3) < f || x.size(4) < f) {
            throw new ShapeException(
                    "a video must have a frame of at least %d x %d but is %d x %d x %d"
                            .formatted(f, f, x.size(2), x.size(3), x.size(4)));
        }
    }

    private Tensor moments(Tensor x) {
        requireVideo(x);
        Tensor h = VideoLayer.stream(x, chunks(x.size(2), FRAMES), encoder);
        return quantConv == null ? h : quantConv.pointwise(h);
    }

    @Override
    public Tensor reconstruct(Tensor z) {
        requireLatents(z);
        Tensor h = postQuantConv == null ? z : postQuantConv.pointwise(z);
        return VideoLayer.stream(h, chunks(z.size(2), LATENT_FRAMES), decoder);
    }

    @Override
    public Tensor reconstruct(Tensor z, Tiling tiling) {
        requireLatents(z);
        var tiles = TileSeams.decoding(tiling);
        return tiles.needed(z) ? tiles.map(z, this::reconstruct) : reconstruct(z);
    }

    private void requireLatents(Tensor z) {
        Shapes.require(
                z, "z", Shapes.ANY, config.latentChannels, Shapes.ANY, Shapes.ANY, Shapes.ANY);
    }

    /// Returns chunks of `length` frames, of which the first takes the rest too.
    private static long[] chunks(long frames, int length) {
        var all = new long[(int) Math.max(1, frames / length)];
        Arrays.fill(all, length);
        all[0] = frames - (all.length - 1L) * length;
        return all;
    }
}
