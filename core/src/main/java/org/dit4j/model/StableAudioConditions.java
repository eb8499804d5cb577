package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Brings what conditions [StableAudio] to one width: the states of the text, and the seconds at
/// which the audio starts and ends (Evans et al. 2024, arXiv:2402.04825, section 3.2; diffusers,
/// `pipelines/stable_audio/modeling_stable_audio.py`, folder `projection_model` of a pipeline).
public final class StableAudioConditions implements AutoCloseable {
    private static final String CLASS = "StableAudioProjectionModel";
    private static final int WAVES = 256;

    private static final CheckpointFamily<Config, StableAudioConditions> FAMILY =
            new CheckpointFamily<>(
                    "the projection_model of a Stable Audio",
                    StableAudioConditions::layout,
                    (dict, _) -> dict,
                    StableAudioConditions::read,
                    null,
                    StableAudioConditions::new);

    /// The numbers of the projections.
    ///
    /// @param textWidth of the states of the text encoder
    /// @param width of the result, E
    /// @param minSeconds lower ones count as this
    /// @param maxSeconds higher ones count as this
    public record Config(int textWidth, int width, double minSeconds, double maxSeconds) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    textWidth > 0 && width > 0,
                    "text_encoder_dim %d and conditioning_dim %d must be positive",
                    textWidth,
                    width);
            ConfigException.require(
                    maxSeconds > minSeconds,
                    "max_value %s must be greater than min_value %s",
                    maxSeconds,
                    minSeconds);
        }
    }

    /// How seconds become states: the number itself and waves of it, of trained frequencies.
    ///
    /// @param frequencies `[F/2]`
    /// @param out F + 1 to E
    private record Seconds(Tensor frequencies, Linear out) {
        static Seconds of(ParameterSource source, int width) {
            ParameterSource s = source.at("time_positional_embedding");
            return new Seconds(
                    s.parameter("0.weights", Init.normal(1), WAVES / 2),
                    s.linear("1", WAVES + 1, width));
        }

        Tensor forward(Tensor seconds, Config c) {
            Shapes.require(seconds, "seconds", Shapes.ANY);
            Tensor inside = Ops.clamp(seconds, c.minSeconds, c.maxSeconds);
            Tensor share = Ops.div(Ops.add(inside, -c.minSeconds), c.maxSeconds - c.minSeconds);
            Tensor t = Ops.like(share, frequencies).unsqueeze(1); // [B, 1]
            Tensor angles = Ops.mul(t.mul(frequencies), 2 * Math.PI); // [B, F/2]
            return out.forward(Ops.cat(1, t, angles.sin(), angles.cos())).unsqueeze(1);
        }
    }

    private final Config config;
    private final @Nullable Linear text;
    private final Seconds start;
    private final Seconds end;
    private final Parameters parameters;

    /// Builds the projections from named parameters; the text has one only if its width is another.
    public StableAudioConditions(ParameterSource source, Config config) {
        this.config = config;
        text =
                config.textWidth == config.width
                        ? null
                        : source.linear("text_projection", config.textWidth, config.width);
        start = Seconds.of(source.at("start_number_conditioner"), config.width);
        end = Seconds.of(source.at("end_number_conditioner"), config.width);
        parameters = source.parameters();
    }

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no such checkpoint at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<Config, StableAudioConditions> open(Path path) {
        return FAMILY.open(path);
    }

    private static Optional<Layout> layout(StateDict dict) {
        return dict.has("start_number_conditioner.time_positional_embedding.0.weights")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }

    private static Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        fields.require("_class_name", CLASS);
        fields.ignore("_diffusers_version", "_name_or_path");
        var config =
                new Config(
                        fields.integer("text_encoder_dim"),
                        fields.integer("conditioning_dim"),
                        fields.number("min_value"),
                        fields.number("max_value"));
        fields.noOthers();
        return config;
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("text_encoder_dim", c.textWidth);
        map.put("conditioning_dim", c.width);
        map.put("min_value", c.minSeconds);
        map.put("max_value", c.maxSeconds);
        return map;
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns all parameters, which live as long as this.
    public Parameters parameters() {
        return parameters;
    }

    /// Projects states of the text `[B, L, textWidth]` to `[B, L, E]`.
    ///
    /// @throws ShapeException if a shape does not fit
    public Tensor text(Tensor states) {
        Shapes.require(states, "states", Shapes.ANY, Shapes.ANY, config.textWidth);
        return text == null ? states : text.forward(states);
    }

    /// Returns the states `[B, 1, E]` of the seconds `[B]` at which the audio starts.
    public Tensor start(Tensor seconds) {
        return start.forward(seconds, config);
    }

    /// Returns the states `[B, 1, E]` of the seconds `[B]` at which the audio ends.
    public Tensor end(Tensor seconds) {
        return end.forward(seconds, config);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
