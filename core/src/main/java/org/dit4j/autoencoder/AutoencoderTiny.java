package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// The small distilled autoencoder TAESD (Ollin Boer Bohan, github.com/madebyollin/taesd; diffusers
/// `autoencoder_tiny.py`): fast previews and fast decoding of the latents of another autoencoder.
///
/// [#latents] and [#reconstruct] record gradients if the mode is on; [#encode] and [#decode] never
/// record.
public final class AutoencoderTiny implements Autoencoder {
    /// The arguments of diffusers' `AutoencoderTiny`.
    ///
    /// @param inChannels channels of the pictures that it reads
    /// @param outChannels channels of the pictures that it makes
    /// @param width channels of all stages
    /// @param activation the nonlinearity
    /// @param latentChannels channels C of the latents
    /// @param encoderBlocks residual blocks of each stage of the encoder; each stage but the first
    ///   halves height and width
    /// @param decoderBlocks the same of the decoder, from the latents on
    /// @param latentMagnitude largest latent that [#scaleLatents] represents
    /// @param latentShift what [#scaleLatents] makes of a latent of 0
    /// @param scale from its latents to those of the diffusion model
    public record Config(
            int inChannels,
            int outChannels,
            int width,
            Activation activation,
            int latentChannels,
            List<Integer> encoderBlocks,
            List<Integer> decoderBlocks,
            double latentMagnitude,
            double latentShift,
            LatentScale scale) {
        /// Checks the rules that hold between the numbers.
        public Config {
            encoderBlocks = List.copyOf(encoderBlocks);
            decoderBlocks = List.copyOf(decoderBlocks);
            ConfigException.require(
                    inChannels > 0 && outChannels > 0 && latentChannels > 0 && width > 0,
                    "the numbers of channels must be positive but are %d, %d, %d and %d",
                    inChannels,
                    outChannels,
                    latentChannels,
                    width);
            ConfigException.require(
                    !encoderBlocks.isEmpty() && encoderBlocks.size() == decoderBlocks.size(),
                    "num_encoder_blocks and num_decoder_blocks must be equally long but are %s and %s",
                    encoderBlocks,
                    decoderBlocks);
            ConfigException.require(
                    encoderBlocks.stream().allMatch(n -> n >= 0 && n <= 64)
                            && decoderBlocks.stream().allMatch(n -> n >= 0 && n <= 64),
                    "a stage must have 0 to 64 blocks but the stages have %s and %s",
                    encoderBlocks,
                    decoderBlocks);
            ConfigException.require(
                    latentMagnitude > 0,
                    "latent_magnitude must be positive but is %s",
                    latentMagnitude);
        }
    }

    /// `act(conv(act(conv(act(conv(x))))) + x)` without the innermost nonlinearity.
    private record Block(List<Layer> body, Activation activation) implements Layer {
        static Block of(ParameterSource source, int width, Activation activation) {
            var body = new ArrayList<Layer>();
            for (int i = 0; i < 3; i++) {
                Conv2d conv = source.conv2d("conv." + 2 * i, width, width, 3);
                body.add(i < 2 ? x -> activation.forward(conv.forward(x)) : conv::forward);
            }
            return new Block(List.copyOf(body), activation);
        }

        @Override
        public Tensor forward(Tensor x) {
            // the last nonlinearity is ReLU whatever the others are
            return Ops.relu(Layer.chain(x, body).add(x));
        }
    }

    private final Config config;
    private final List<Layer> encoder;
    private final List<Layer> decoder;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public AutoencoderTiny(ParameterSource source, Config config) {
        this.config = config;
        encoder = encoder(source.at("encoder.layers"), config);
        decoder = decoder(source.at("decoder.layers"), config);
        parameters = source.parameters();
    }

    private static List<Layer> encoder(ParameterSource source, Config config) {
        var layers = new ArrayList<Layer>();
        int w = config.width;
        for (int stage = 0; stage < config.encoderBlocks.size(); stage++) {
            String name = String.valueOf(layers.size());
            layers.add(
                    stage == 0
                            ? source.conv2d(name, config.inChannels, w, 3)::forward
                            : source.conv2d(name, w, w, 3, 2, 1, false)::forward);
            blocks(layers, source, config, config.encoderBlocks.get(stage));
        }
        layers.add(
                source.conv2d(String.valueOf(layers.size()), w, config.latentChannels, 3)::forward);
        return List.copyOf(layers);
    }

    private static List<Layer> decoder(ParameterSource source, Config config) {
        var layers = new ArrayList<Layer>();
        int w = config.width;
        layers.add(source.conv2d("0", config.latentChannels, w, 3)::forward);
        layers.add(config.activation::forward);
        int last = config.decoderBlocks.size() - 1;
        for (int stage = 0; stage <= last; stage++) {
            blocks(layers, source, config, config.decoderBlocks.get(stage));
            if (stage < last) {
                layers.add(Ops::upsampleNearest2x);
            }
            int out = stage < last ? w : config.outChannels;
            layers.add(
                    source.conv2d(String.valueOf(layers.size()), w, out, 3, 1, 1, stage == last)
                            ::forward);
        }
        return List.copyOf(layers);
    }

    private static void blocks(
            List<Layer> layers, ParameterSource source, Config config, int count) {
        for (int i = 0; i < count; i++) {
            layers.add(
                    Block.of(
                            source.at(String.valueOf(layers.size())),
                            config.width,
                            config.activation));
        }
    }

    /// Returns a network with fresh parameters: PyTorch's defaults, as in the reference.
    public static AutoencoderTiny initialise(Config config, Rng rng) {
        return new AutoencoderTiny(ParameterSource.initialising(rng), config);
    }

    /// Reads `config.json` and the checkpoint of a folder that diffusers wrote.
    ///
    /// @throws ConfigException if the configuration is not that of an `AutoencoderTiny`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static AutoencoderTiny load(Path folder, LoadOptions options) {
        Config config = AutoencoderConfigs.readTiny(folder.resolve("config.json"));
        return Checkpoints.load(folder, options, source -> new AutoencoderTiny(source, config));
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
        return 1 << (config.encoderBlocks.size() - 1);
    }

    /// Tiles of 512 pixels that overlap by an eighth.
    @Override
    public Tiling tiling() {
        return Tiling.square(512, 512 / downsampling(), 0.125);
    }

    /// Returns the latents of pictures.
    ///
    /// @param x `[B, inputs, H, W]` in [-1, 1]
    /// @return `[B, C, h, w]`, neither shifted nor scaled
    public Tensor latents(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        Tensor h = Ops.div(Ops.add(Ops.channelsLast(x), 1), 2); // the network reads [0, 1]
        return Layer.chain(h, encoder).contiguous();
    }

    /// Returns the pictures that the network's own latents stand for.
    ///
    /// @param z `[B, C, h, w]`, neither shifted nor scaled
    /// @return `[B, outputs, H, W]`, about in [-1, 1]
    public Tensor reconstruct(Tensor z) {
        Shapes.require(z, "z", Shapes.ANY, config.latentChannels, Shapes.ANY, Shapes.ANY);
        // the original clamps softly to [-3, 3], whatever latent_magnitude says
        Tensor h = Ops.mul(Ops.div(Ops.channelsLast(z), 3).tanh(), 3);
        return Ops.add(Ops.mul(Layer.chain(h, decoder), 2), -1).contiguous();
    }

    /// Returns [#latents], computed tile by tile.
    public Tensor latents(Tensor x, Tiling tiling) {
        return TinyTiles.encoding(tiling, downsampling())
                .map(x, config.latentChannels, this::latents);
    }

    /// Returns [#reconstruct], computed tile by tile.
    public Tensor reconstruct(Tensor z, Tiling tiling) {
        return TinyTiles.decoding(tiling, downsampling())
                .map(z, config.outChannels, this::reconstruct);
    }

    /// Maps the network's own latents to [0, 1], so that they can be kept in a picture.
    public Tensor scaleLatents(Tensor z) {
        double range = 2 * config.latentMagnitude;
        return Ops.clamp(Ops.add(Ops.div(z, range), config.latentShift), 0, 1);
    }

    /// Returns the latents that numbers in [0, 1] stand for.
    public Tensor unscaleLatents(Tensor scaled) {
        return Ops.mul(Ops.add(scaled, -config.latentShift), 2 * config.latentMagnitude);
    }

    /// Encodes pictures, keeps the latents in 8 bits each, and decodes them.
    public Tensor roundTrip(Tensor x) {
        Tensor bytes = Ops.to(Ops.mul(scaleLatents(latents(x)), 255).round(), Dtype.UINT8);
        return reconstruct(unscaleLatents(Ops.div(Ops.to(bytes, Dtype.of(x)), 255)));
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
