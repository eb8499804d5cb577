package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// The autoencoder of sounds of Stable Audio (Evans et al. 2024, arXiv:2407.14358, section 3.1;
/// diffusers `autoencoder_oobleck.py`).
///
/// [#posterior] and [#reconstruct] record gradients if the mode is on; [#encode] and [#decode]
/// never record. The latents are not scaled for the diffusion model.
public final class AutoencoderOobleck implements Autoencoder {
    /// The arguments of diffusers' `AutoencoderOobleck`.
    ///
    /// @param encoderHiddenSize width of the encoder, also of the moments: twice the latents
    /// @param downsamplingRatios how many samples each stage of the encoder makes one
    /// @param channelMultiples width of each stage over that of the encoder
    /// @param decoderChannels width of the decoder
    /// @param decoderInputChannels channels C of the latents
    /// @param audioChannels 1 for mono, 2 for stereo
    /// @param samplingRate samples of a second
    public record Config(
            int encoderHiddenSize,
            List<Integer> downsamplingRatios,
            List<Integer> channelMultiples,
            int decoderChannels,
            int decoderInputChannels,
            int audioChannels,
            int samplingRate) {
        /// Checks the rules that hold between the numbers.
        public Config {
            downsamplingRatios = List.copyOf(downsamplingRatios);
            channelMultiples = List.copyOf(channelMultiples);
            ConfigException.require(
                    encoderHiddenSize > 0 && decoderChannels > 0 && audioChannels > 0,
                    "encoder_hidden_size, decoder_channels and audio_channels must be positive but"
                            + " are %d, %d and %d",
                    encoderHiddenSize,
                    decoderChannels,
                    audioChannels);
            ConfigException.require(
                    encoderHiddenSize == 2 * decoderInputChannels,
                    "encoder_hidden_size %d must be twice decoder_input_channels %d",
                    encoderHiddenSize,
                    decoderInputChannels);
            ConfigException.require(
                    !downsamplingRatios.isEmpty()
                            && downsamplingRatios.size() == channelMultiples.size()
                            && downsamplingRatios.stream().allMatch(r -> r > 0)
                            && channelMultiples.stream().allMatch(m -> m > 0),
                    "downsampling_ratios and channel_multiples must be positive and equally long but"
                            + " are %s and %s",
                    downsamplingRatios,
                    channelMultiples);
            ConfigException.require(
                    samplingRate > 0, "sampling_rate must be positive but is %d", samplingRate);
        }

        /// Reads `config.json`, which diffusers' `save_pretrained` wrote. Missing keys have its
        /// defaults.
        ///
        /// @throws ConfigException in one line with the file and the key
        public static Config read(Path file) {
            var fields = new JsonFields(JsonFile.tree(file), file);
            fields.require("_class_name", "AutoencoderOobleck");
            AutoencoderConfigs.metadata(fields);
            var config =
                    new Config(
                            fields.integer("encoder_hidden_size", 128),
                            AutoencoderConfigs.integers(
                                    fields, "downsampling_ratios", List.of(2, 4, 4, 8, 8)),
                            AutoencoderConfigs.integers(
                                    fields, "channel_multiples", List.of(1, 2, 4, 8, 16)),
                            fields.integer("decoder_channels", 128),
                            fields.integer("decoder_input_channels", 64),
                            fields.integer("audio_channels", 2),
                            fields.integer("sampling_rate", 44_100));
            fields.noOthers();
            return config;
        }

        /// Returns the multiple of the width behind `i` stages of the encoder.
        int multiple(int i) {
            return i == 0 ? 1 : channelMultiples.get(i - 1);
        }
    }

    private final Config config;
    private final List<Layer> encoder;
    private final List<Layer> decoder;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public AutoencoderOobleck(ParameterSource source, Config config) {
        this.config = config;
        encoder = encoder(source.at("encoder"), config);
        decoder = decoder(source.at("decoder"), config);
        parameters = source.parameters();
    }

    private static List<Layer> encoder(ParameterSource source, Config config) {
        int width = config.encoderHiddenSize;
        var layers = new ArrayList<Layer>();
        layers.add(OobleckLayers.Conv.of(source.at("conv1"), config.audioChannels, width, 7, 1));
        int stages = config.downsamplingRatios.size();
        for (int i = 0; i < stages; i++) {
            ParameterSource block = source.at("block." + i);
            int in = width * config.multiple(i);
            int out = width * config.multiple(i + 1);
            layers.addAll(OobleckLayers.residuals(block, in));
            layers.add(OobleckLayers.Snake.of(block.at("snake1"), in));
            layers.add(
                    OobleckLayers.Conv.shrinking(
                            block.at("conv1"), in, out, config.downsamplingRatios.get(i)));
        }
        int deepest = width * config.multiple(stages);
        layers.add(OobleckLayers.Snake.of(source.at("snake1"), deepest));
        layers.add(OobleckLayers.Conv.of(source.at("conv2"), deepest, width, 3, 1));
        return List.copyOf(layers);
    }

    private static List<Layer> decoder(ParameterSource source, Config config) {
        int width = config.decoderChannels;
        int stages = config.downsamplingRatios.size();
        var layers = new ArrayList<Layer>();
        int deepest = width * config.multiple(stages);
        layers.add(
                OobleckLayers.Conv.of(
                        source.at("conv1"), config.decoderInputChannels, deepest, 7, 1));
        for (int i = 0; i < stages; i++) {
            ParameterSource block = source.at("block." + i);
            int in = width * config.multiple(stages - i);
            int out = width * config.multiple(stages - i - 1);
            layers.add(OobleckLayers.Snake.of(block.at("snake1"), in));
            layers.add(
                    OobleckLayers.Growing.of(
                            block.at("conv_t1"),
                            in,
                            out,
                            config.downsamplingRatios.get(stages - 1 - i)));
            layers.addAll(OobleckLayers.residuals(block, out));
        }
        layers.add(OobleckLayers.Snake.of(source.at("snake1"), width));
        layers.add(OobleckLayers.Conv.last(source.at("conv2"), width, config.audioChannels, 7));
        return List.copyOf(layers);
    }

    /// Returns a network with fresh parameters.
    public static AutoencoderOobleck initialise(Config config, Rng rng) {
        return new AutoencoderOobleck(ParameterSource.initialising(rng), config);
    }

    /// Reads `config.json` and the checkpoint of a folder that diffusers wrote.
    ///
    /// @throws ConfigException if the configuration is not that of an `AutoencoderOobleck`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static AutoencoderOobleck load(Path folder, LoadOptions options) {
        Config config = Config.read(folder.resolve("config.json"));
        return Checkpoints.load(folder, options, source -> new AutoencoderOobleck(source, config));
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
        return config.decoderInputChannels;
    }

    @Override
    public int downsampling() {
        return config.downsamplingRatios.stream().reduce(1, Math::multiplyExact);
    }

    /// Windows of 30 seconds, of which two at each side overlap, and of 512 latents, of which 64.
    @Override
    public Tiling tiling() {
        int second = config.samplingRate;
        return Tiling.of(Tiling.Axis.trimmed(30 * second, 2 * second, 512, 64));
    }

    /// Returns the distribution of the latents of sounds.
    ///
    /// @param x `[B, channels, N]` in [-1, 1]
    /// @throws ShapeException if a shape does not fit
    public AudioPosterior posterior(Tensor x) {
        requireSound(x);
        return AudioPosterior.of(Layer.chain(x, encoder));
    }

    /// Returns the distribution of the latents of sounds, computed window by window where they are
    /// longer than one.
    public AudioPosterior posterior(Tensor x, Tiling tiling) {
        requireSound(x);
        Tiling.Axis time = tiling.axis(0, 1);
        return x.size(2) > time.sampleSize()
                ? AudioPosterior.of(
                        new AudioWindows(time.sampleSize(), time.sampleStride())
                                .map(x, window -> Layer.chain(window, encoder)))
                : posterior(x);
    }

    private void requireSound(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, config.audioChannels, Shapes.ANY);
        if (x.size(2) < downsampling()) {
            throw new ShapeException(
                    "a sound must have at least %d samples but has %d"
                            .formatted(downsampling(), x.size(2)));
        }
    }

    /// Returns the sounds that latents stand for.
    ///
    /// @param z `[B, C, n]`
    /// @return `[B, channels, N]`, about in [-1, 1]
    /// @throws ShapeException if a shape does not fit
    public Tensor reconstruct(Tensor z) {
        Shapes.require(z, "z", Shapes.ANY, config.decoderInputChannels, Shapes.ANY);
        return Layer.chain(z, decoder);
    }

    /// Returns [#reconstruct], computed window by window where there are more latents than in one.
    public Tensor reconstruct(Tensor z, Tiling tiling) {
        Tiling.Axis time = tiling.axis(0, 1);
        return z.size(-1) > time.latentSize()
                ? new AudioWindows(time.latentSize(), time.latentStride()).map(z, this::reconstruct)
                : reconstruct(z);
    }

    @Override
    public Tensor encode(Tensor x) {
        return Ops.noGrad(() -> TensorScope.compute(() -> posterior(x).mode().contiguous()));
    }

    @Override
    public Tensor encode(Tensor x, Rng rng) {
        return Ops.noGrad(() -> TensorScope.compute(() -> posterior(x).sample(rng)));
    }

    @Override
    public Tensor encode(Tensor x, Tiling tiling) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> posterior(x, tiling).mode().contiguous()));
    }

    @Override
    public Tensor decode(Tensor z) {
        return Ops.noGrad(() -> TensorScope.compute(() -> reconstruct(z)));
    }

    @Override
    public Tensor decode(Tensor z, Tiling tiling) {
        return Ops.noGrad(() -> TensorScope.compute(() -> reconstruct(z, tiling)));
    }
}
