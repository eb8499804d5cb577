package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// The variational autoencoder of latent diffusion (Rombach et al. 2022, arXiv:2112.10752;
/// diffusers `autoencoder_kl.py`), as Stable Diffusion, DiT, SD3 and Flux use it.
///
/// [#posterior] and [#reconstruct] work on the network's own latents and record gradients if the
/// mode is on; [#encode] and [#decode] scale the latents for a diffusion model and never record.
public final class AutoencoderKl implements Autoencoder {
    /// What a stage of encoder or decoder is made of.
    public enum BlockType {
        /// Residual blocks.
        PLAIN,
        /// Residual blocks, each followed by attention.
        ATTENTION
    }

    /// The arguments of diffusers' `AutoencoderKL`.
    ///
    /// @param inChannels channels of the pictures that it reads
    /// @param outChannels channels of the pictures that it makes
    /// @param blockOutChannels widths of the stages; each but the last halves height and width
    /// @param downBlocks stages of the encoder, as many as widths
    /// @param upBlocks stages of the decoder, from the latents on
    /// @param layersPerBlock residual blocks of a stage; the decoder has one more
    /// @param activation the nonlinearity
    /// @param latentChannels channels C of the latents
    /// @param normNumGroups groups of the norms, divides all widths
    /// @param sampleSize height and width it was trained with; the size of a tile
    /// @param scale from its latents to those of the diffusion model
    /// @param forceUpcast whether it needs float32 where the diffusion model runs in float16
    /// @param useQuantConv whether a 1x1 convolution follows the encoder
    /// @param usePostQuantConv whether a 1x1 convolution precedes the decoder
    /// @param midBlockAddAttention whether there is attention at the lowest resolution
    public record Config(
            int inChannels,
            int outChannels,
            List<Integer> blockOutChannels,
            List<BlockType> downBlocks,
            List<BlockType> upBlocks,
            int layersPerBlock,
            Activation activation,
            int latentChannels,
            int normNumGroups,
            int sampleSize,
            LatentScale scale,
            boolean forceUpcast,
            boolean useQuantConv,
            boolean usePostQuantConv,
            boolean midBlockAddAttention) {
        /// Checks the rules that hold between the numbers.
        public Config {
            blockOutChannels = List.copyOf(blockOutChannels);
            downBlocks = List.copyOf(downBlocks);
            upBlocks = List.copyOf(upBlocks);
            requirePositive("in_channels", inChannels);
            requirePositive("out_channels", outChannels);
            requirePositive("latent_channels", latentChannels);
            requirePositive("layers_per_block", layersPerBlock);
            requirePositive("norm_num_groups", normNumGroups);
            requirePositive("sample_size", sampleSize);
            int stages = blockOutChannels.size();
            ConfigException.require(
                    stages > 0 && downBlocks.size() == stages && upBlocks.size() == stages,
                    "block_out_channels, down_block_types and up_block_types must be equally long but have %d, %d and %d entries",
                    stages,
                    downBlocks.size(),
                    upBlocks.size());
            for (int width : blockOutChannels) {
                ConfigException.require(
                        width > 0 && width % normNumGroups == 0,
                        "block_out_channels %s must be divisible by norm_num_groups %d",
                        blockOutChannels,
                        normNumGroups);
            }
            ConfigException.require(
                    scale.mean().isEmpty() || scale.mean().size() == latentChannels,
                    "latents_mean must have %d numbers but has %d",
                    latentChannels,
                    scale.mean().size());
        }

        /// Returns a configuration without attention in its stages, with both 1x1 convolutions and
        /// SiLU.
        ///
        /// @param size height and width of the pictures
        public static Config of(
                List<Integer> widths,
                int layersPerBlock,
                int latentChannels,
                int groups,
                boolean middleAttention,
                int size,
                LatentScale scale) {
            List<BlockType> plain = Collections.nCopies(widths.size(), BlockType.PLAIN);
            return new Config(
                    3,
                    3,
                    widths,
                    plain,
                    plain,
                    layersPerBlock,
                    Activation.SILU,
                    latentChannels,
                    groups,
                    size,
                    scale,
                    false,
                    true,
                    true,
                    middleAttention);
        }

        /// Returns the same configuration with another scale of the latents.
        public Config withScale(LatentScale other) {
            return new Config(
                    inChannels,
                    outChannels,
                    blockOutChannels,
                    downBlocks,
                    upBlocks,
                    layersPerBlock,
                    activation,
                    latentChannels,
                    normNumGroups,
                    sampleSize,
                    other,
                    forceUpcast,
                    useQuantConv,
                    usePostQuantConv,
                    midBlockAddAttention);
        }

        /// Returns how many pixels, along a side, one latent stands for.
        public int downsampling() {
            return 1 << (blockOutChannels.size() - 1);
        }

        Layer norm(ParameterSource source, String name, int channels, boolean last) {
            return Layer.normed(
                    source.groupNorm(name, normNumGroups, channels, 1e-6),
                    last ? Activation.SILU : activation);
        }

        Layer norm(ParameterSource source, String name, int channels) {
            return norm(source, name, channels, false);
        }

        private static void requirePositive(String key, int value) {
            ConfigException.require(value > 0, "%s must be positive but is %d", key, value);
        }
    }

    private static final Pattern OLD_ATTENTION =
            Pattern.compile(
                    "(.*\\.attentions\\.\\d+\\.)(query|key|value|proj_attn)(\\.(?:weight|bias))");

    private final Config config;
    private final List<Layer> encoder;
    private final List<Layer> decoder;
    private final @Nullable Conv2d quantConv;
    private final @Nullable Conv2d postQuantConv;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public AutoencoderKl(ParameterSource source, Config config) {
        this.config = config;
        int c = config.latentChannels;
        encoder = KlStages.encoder(source.at("encoder"), config);
        decoder = KlStages.decoder(source.at("decoder"), config);
        quantConv = config.useQuantConv ? source.conv2d("quant_conv", 2L * c, 2L * c, 1) : null;
        postQuantConv = config.usePostQuantConv ? source.conv2d("post_quant_conv", c, c, 1) : null;
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters: PyTorch's defaults, as in the reference.
    public static AutoencoderKl initialise(Config config, Rng rng) {
        return new AutoencoderKl(ParameterSource.initialising(rng), config);
    }

    /// Reads `config.json` and the checkpoint of a folder that diffusers or [#save] wrote.
    ///
    /// @throws ConfigException if the configuration is not that of an `AutoencoderKL`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static AutoencoderKl load(Path folder, LoadOptions options) {
        Config config = AutoencoderConfigs.readKl(folder.resolve("config.json"));
        return Checkpoints.load(
                StateDict.open(folder).renamed(AutoencoderKl::currentName),
                options,
                source -> new AutoencoderKl(source, config));
    }

    /// Writes a folder that [#load] and diffusers read.
    ///
    /// @param config what to write as the configuration, such as one with another scale
    /// @param weights the parameters by name, such as averaged ones
    public static void save(Path folder, Config config, Map<String, Tensor> weights) {
        Safetensors.write(
                folder.resolve("diffusion_pytorch_model.safetensors"),
                weights,
                Map.of("format", "pt"));
        JsonFile.write(folder.resolve("config.json"), AutoencoderConfigs.json(config));
    }

    /// Returns the name of today for one that diffusers' attention had before version 0.15.
    private static String currentName(String name) {
        Matcher old = OLD_ATTENTION.matcher(name);
        if (!old.matches()) {
            return name;
        }
        String layer =
                switch (old.group(2)) {
                    case "query" -> "to_q";
                    case "key" -> "to_k";
                    case "value" -> "to_v";
                    default -> "to_out.0";
                };
        return old.group(1) + layer + old.group(3);
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
    public int latentChannels() {
        return config.latentChannels;
    }

    @Override
    public int downsampling() {
        return config.downsampling();
    }

    /// Tiles of the size that it was trained with, which overlap by a quarter.
    @Override
    public Tiling tiling() {
        return Tiling.square(
                config.sampleSize, Math.max(1, config.sampleSize / downsampling()), 0.25);
    }

    /// Returns the distribution of the latents of pictures.
    ///
    /// @param x `[B, inputs, H, W]` in [-1, 1]; height and width at least [#downsampling]
    /// @throws ShapeException if a shape does not fit
    public Posterior posterior(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        int f = downsampling();
        if (x.size(2) < f || x.size(3) < f) {
            throw new ShapeException(
                    "pictures must be at least %d x %d but are %d x %d"
                            .formatted(f, f, x.size(2), x.size(3)));
        }
        return Posterior.of(moments(x));
    }

    /// Returns the distribution of the latents of pictures, computed tile by tile where they are
    /// larger than a tile (diffusers `autoencoder_kl.py`, `tiled_encode`).
    ///
    /// @param x `[B, inputs, H, W]` in [-1, 1]
    public Posterior posterior(Tensor x, Tiling tiling) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        var tiles = TileSeams.encoding(tiling);
        return tiles.needed(x) ? Posterior.of(tiles.map(x, this::moments)) : posterior(x);
    }

    private Tensor moments(Tensor x) {
        Tensor h = Layer.chain(Ops.channelsLast(x), encoder); // [B, 2 C, h, w]
        return (quantConv == null ? h : quantConv.forward(h)).contiguous();
    }

    /// Returns the pictures that the network's own latents stand for.
    ///
    /// @param z `[B, C, h, w]`, neither shifted nor scaled
    /// @return `[B, outputs, H, W]`, about in [-1, 1]
    /// @throws ShapeException if a shape does not fit
    public Tensor reconstruct(Tensor z) {
        Shapes.require(z, "z", Shapes.ANY, config.latentChannels, Shapes.ANY, Shapes.ANY);
        Tensor h = Ops.channelsLast(z);
        return Layer.chain(postQuantConv == null ? h : postQuantConv.forward(h), decoder)
                .contiguous();
    }

    /// Returns the pictures that the network's own latents stand for, computed tile by tile where
    /// they are larger than a tile (diffusers `autoencoder_kl.py`, `tiled_decode`).
    ///
    /// @param z `[B, C, h, w]`, neither shifted nor scaled
    public Tensor reconstruct(Tensor z, Tiling tiling) {
        Shapes.require(z, "z", Shapes.ANY, config.latentChannels, Shapes.ANY, Shapes.ANY);
        var tiles = TileSeams.decoding(tiling);
        return tiles.needed(z) ? tiles.map(z, this::reconstruct) : reconstruct(z);
    }

    @Override
    public Tensor encode(Tensor x) {
        return Ops.noGrad(() -> TensorScope.compute(() -> config.scale.apply(posterior(x).mode())));
    }

    @Override
    public Tensor encode(Tensor x, Rng rng) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> config.scale.apply(posterior(x).sample(rng))));
    }

    @Override
    public Tensor encode(Tensor x, Tiling tiling) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> config.scale.apply(posterior(x, tiling).mode())));
    }

    @Override
    public Tensor decode(Tensor z, Tiling tiling) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> reconstruct(config.scale.invert(z), tiling)));
    }

    @Override
    public Tensor decode(Tensor z) {
        return Ops.noGrad(() -> TensorScope.compute(() -> reconstruct(config.scale.invert(z))));
    }
}
