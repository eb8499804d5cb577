package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.HunyuanDitConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.text.BilingualStates;
import tools.jackson.databind.JsonNode;

/// A network that takes the states of a Chinese and an English text encoder, as its pipeline and
/// its training see it.
public sealed interface BilingualNetwork extends AutoCloseable
        permits BilingualHunyuanDit, BilingualMmDit {
    /// Predicts.
    ///
    /// @param x noisy latents `[B, C, H, W]`, in the type of the weights
    /// @param t `[B]`, in the unit that the network was trained with
    /// @param texts B texts, padded to [#textLength] tokens or more
    /// @return `[B, outputs, H, W]`
    Tensor forward(Tensor x, Tensor t, BilingualStates texts);

    /// Prepares the calls of a run with some texts. They can stop after the first block where the
    /// network and the texts allow it.
    ///
    /// @param texts as for [#forward]
    /// @param times of the calls where they are known ahead
    PromptedNetwork.Prepared prepare(BilingualStates texts, List<Float> times);

    /// Returns the number of tokens that shorter texts are padded to, for each encoder.
    int textLength();

    /// Returns the usual height and width of the latents.
    int inputSize();

    /// Returns the channels of the latents.
    int inChannels();

    /// Returns whether the network predicts the variance too.
    boolean learnSigma();

    /// Returns the element type of the weights.
    Dtype dtype();

    /// Returns all parameters, which live as long as the network.
    Parameters parameters();

    /// Returns the configuration that [#load] and [#of] read.
    Object json();

    @Override
    default void close() {
        parameters().close();
    }

    /// Builds a network from named parameters.
    ///
    /// @param json its configuration: `family` is `hunyuan-dit`, and the rest what
    ///   [HunyuanDitConfigs] reads, or `mm-dit`, and the rest `text_len` and what [MmDitConfigs]
    ///   reads
    /// @param where the file it came from, for messages
    /// @throws ConfigException if the configuration is wrong, or the network takes other texts
    static BilingualNetwork of(JsonNode json, Object where, ParameterSource source) {
        return BilingualMmDit.describes(json)
                ? BilingualMmDit.of(json, where, source)
                : BilingualHunyuanDit.of(HunyuanDitConfigs.parse(json, where), source);
    }

    /// Opens a network that was saved with its configuration.
    ///
    /// @param folder with `config.json` and the weights
    /// @throws org.dit4j.checkpoint.CheckpointException listing every tensor that does not fit
    static BilingualNetwork load(Path folder, LoadOptions options) {
        Path file = folder.resolve("config.json");
        return load(folder, JsonFile.tree(file), file, options);
    }

    /// Opens the weights of a folder with another configuration.
    ///
    /// @param json as for [#of]
    static BilingualNetwork load(Path folder, JsonNode json, Object where, LoadOptions options) {
        return BilingualMmDit.describes(json)
                ? BilingualMmDit.load(folder, json, where, options)
                : BilingualHunyuanDit.load(folder, HunyuanDitConfigs.parse(json, where), options);
    }
}
