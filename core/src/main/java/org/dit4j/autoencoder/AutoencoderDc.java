package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Activation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// The deep compression autoencoder DC-AE, of which a latent stands for 32 x 32 pixels and more
/// (Chen et al. 2024, arXiv:2410.10733; diffusers `autoencoder_dc.py`), as Sana uses it.
///
/// [#latents] and [#reconstruct] record gradients if the mode is on; [#encode] and [#decode] never
/// record.
public final class AutoencoderDc implements Autoencoder {
    /// The arguments of diffusers' `AutoencoderDC`.
    ///
    /// @param inChannels channels of the pictures
    /// @param latentChannels channels C of the latents
    /// @param encoder stages from the pictures on; each but the last halves height and width
    /// @param decoder stages, likewise from the pictures on
    /// @param unshuffles whether pixels become channels where the size is halved, rather than being
    ///   skipped
    /// @param shuffles whether channels become pixels where the size is doubled, rather than pixels
    ///   being repeated
    /// @param outShortcut whether averaged channels are added to the latents
    /// @param inShortcut whether repeated latents are added to the first features of the decoder
    /// @param outActivation the nonlinearity before the last convolution
    /// @param scale from its latents to those of the diffusion model
    public record Config(
            int inChannels,
            int latentChannels,
            List<DcStage> encoder,
            List<DcStage> decoder,
            boolean unshuffles,
            boolean shuffles,
            boolean outShortcut,
            boolean inShortcut,
            Activation outActivation,
            LatentScale scale) {
        /// Checks the rules that hold between the numbers.
        public Config {
            encoder = List.copyOf(encoder);
            decoder = List.copyOf(decoder);
            ConfigException.require(
                    inChannels > 0 && latentChannels > 0,
                    "in_channels and latent_channels must be positive but are %d and %d",
                    inChannels,
                    latentChannels);
            for (List<DcStage> stages : List.of(encoder, decoder)) {
                requireStages(stages);
            }
            ConfigException.require(
                    !(outShortcut && encoder.getLast().width() % latentChannels != 0)
                            && !(inShortcut && decoder.getLast().width() % latentChannels != 0),
                    "the widths %d and %d of the last stages must be multiples of latent_channels %d",
                    encoder.getLast().width(),
                    decoder.getLast().width(),
                    latentChannels);
        }

        private static void requireStages(List<DcStage> stages) {
            ConfigException.require(
                    !stages.isEmpty()
                            && stages.getLast().layers() > 0
                            && stages.stream().skip(1).allMatch(s -> s.layers() > 0),
                    "only the first of several stages may have no layers");
            for (int i = 1; i < stages.size(); i++) {
                int outer = stages.get(i - 1).width();
                int inner = stages.get(i).width();
                ConfigException.require(
                        stages.get(i - 1).layers() == 0 || 4 * outer % inner == 0,
                        "four times the width %d of a stage must be a multiple of the next, %d",
                        outer,
                        inner);
            }
        }
    }

    private final Config config;
    private final List<Layer> encoder;
    private final List<Layer> decoder;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public AutoencoderDc(ParameterSource source, Config config) {
        this.config = config;
        encoder = DcStages.encoder(source.at("encoder"), config);
        decoder = DcStages.decoder(source.at("decoder"), config);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters.
    public static AutoencoderDc initialise(Config config, Rng rng) {
        return new AutoencoderDc(ParameterSource.initialising(rng), config);
    }

    /// Reads `config.json` and the checkpoint of a folder that diffusers wrote.
    ///
    /// @throws ConfigException if the configuration is not that of an `AutoencoderDC`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static AutoencoderDc load(Path folder, LoadOptions options) {
        Config config = AutoencoderDcConfigs.read(folder.resolve("config.json"));
        return Checkpoints.load(folder, options, source -> new AutoencoderDc(source, config));
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
        return 1 << (config.encoder.size() - 1);
    }

    /// Tiles of 512 pixels that lie 448 apart, or less where that is no multiple of a latent.
    @Override
    public Tiling tiling() {
        int f = downsampling();
        Tiling.Axis axis = Tiling.Axis.strided(512, 448 / f * f, f);
        return Tiling.of(axis, axis);
    }

    /// Returns the latents of pictures.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1], H and W multiples of [#downsampling]
    /// @return `[B, C, h, w]`, not scaled
    /// @throws ShapeException if a shape does not fit
    public Tensor latents(Tensor x) {
        requirePictures(x);
        return Layer.chain(Ops.channelsLast(x), encoder).contiguous();
    }

    /// Returns [#latents], computed tile by tile where the pictures are larger than a tile.
    public Tensor latents(Tensor x, Tiling tiling) {
        requirePictures(x);
        var tiles = TileSeams.encoding(tiling);
        return tiles.needed(x) ? tiles.map(x, this::latents) : latents(x);
    }

    private void requirePictures(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        int f = downsampling();
        if (x.size(2) % f != 0 || x.size(3) % f != 0) {
            throw new ShapeException(
                    "height and width must be multiples of %d but are %d and %d"
                            .formatted(f, x.size(2), x.size(3)));
        }
    }

    /// Returns the pictures that the network's own latents stand for.
    ///
    /// @param z `[B, C, h, w]`, not scaled
    /// @return `[B, 3, H, W]`, about in [-1, 1]
    /// @throws ShapeException if a shape does not fit
    public Tensor reconstruct(Tensor z) {
        Shapes.require(z, "z", Shapes.ANY, config.latentChannels, Shapes.ANY, Shapes.ANY);
        return Layer.chain(Ops.channelsLast(z), decoder).contiguous();
    }

    /// Returns [#reconstruct], computed tile by tile where the latents are larger than a tile.
    public Tensor reconstruct(Tensor z, Tiling tiling) {
        Shapes.require(z, "z", Shapes.ANY, config.latentChannels, Shapes.ANY, Shapes.ANY);
        var tiles = TileSeams.decoding(tiling);
        return tiles.needed(z) ? tiles.map(z, this::reconstruct) : reconstruct(z);
    }

    @Override
    public Tensor encode(Tensor x) {
        return Ops.noGrad(() -> TensorScope.compute(() -> config.scale.apply(latents(x))));
    }

    /// The same as [#encode(Tensor)]: there is no chance in this network.
    @Override
    public Tensor encode(Tensor x, Rng rng) {
        return encode(x);
    }

    @Override
    public Tensor encode(Tensor x, Tiling tiling) {
        return Ops.noGrad(() -> TensorScope.compute(() -> config.scale.apply(latents(x, tiling))));
    }

    @Override
    public Tensor decode(Tensor z) {
        return Ops.noGrad(() -> TensorScope.compute(() -> reconstruct(config.scale.invert(z))));
    }

    @Override
    public Tensor decode(Tensor z, Tiling tiling) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> reconstruct(config.scale.invert(z), tiling)));
    }
}
