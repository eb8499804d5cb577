package org.dit4j.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/// What `train CONFIG.json` reads: one file, every key required, unknown keys are errors.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "task")
@JsonSubTypes({
    @JsonSubTypes.Type(value = RunConfig.DitRun.class, name = "dit"),
    @JsonSubTypes.Type(value = RunConfig.AutoencoderRun.class, name = "autoencoder"),
    @JsonSubTypes.Type(value = RunConfig.ClassifierRun.class, name = "classifier")
})
public sealed interface RunConfig {
    /// Returns how the loop runs.
    TrainerOptions trainer();

    /// Returns the pictures.
    Pictures data();

    /// The pictures to learn from.
    ///
    /// @param folder an image folder (class sub-folders, or `metadata.jsonl`)
    /// @param size height and width in pixels, after the centre crop
    /// @param flip whether half of the pictures are mirrored at random
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Pictures(String folder, int size, boolean flip) {
        /// Checks the size.
        public Pictures {
            ConfigException.require(
                    size > 0 && size <= 4096, "size must be 1 to 4096 but is %d", size);
        }
    }

    /// Precision of the matrix products; weights, averages and moments are float32 always.
    enum Precision {
        /// IEEE single precision.
        FP32,
        /// bfloat16 products by autocast.
        BF16;

        /// Returns the element type of the products.
        public Dtype dtype() {
            return this == FP32 ? Dtype.FLOAT32 : Dtype.BFLOAT16;
        }
    }

    /// Trains a class-conditional DiT or SiT on the latents of an autoencoder.
    ///
    /// @param trainer how the loop runs
    /// @param data the pictures
    /// @param autoencoder folder of the autoencoder
    /// @param model `family` and the constructor's arguments (see [org.dit4j.model.DitConfigs]),
    ///   without the number of classes, which the data set gives
    /// @param objective what the network learns to predict
    /// @param precision of the matrix products
    /// @param activationCheckpointing whether blocks are computed again in the backward pass to
    ///   save memory
    /// @param samples what the sample pictures show
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record DitRun(
            TrainerOptions trainer,
            Pictures data,
            String autoencoder,
            JsonNode model,
            Objective objective,
            Precision precision,
            boolean activationCheckpointing,
            Samples samples)
            implements RunConfig {}

    /// Sample pictures.
    ///
    /// @param classes names of the classes to show
    /// @param perClass pictures of each class
    /// @param steps of the sampler
    /// @param guidance scale of classifier-free guidance
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Samples(java.util.List<String> classes, int perClass, int steps, double guidance) {}

    /// Trains an autoencoder.
    ///
    /// @param trainer how the loop runs
    /// @param data the pictures
    /// @param model diffusers' configuration of `AutoencoderKL`
    /// @param loss weights of the loss terms
    /// @param precision of the matrix products
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record AutoencoderRun(
            TrainerOptions trainer,
            Pictures data,
            JsonNode model,
            JsonNode loss,
            Precision precision)
            implements RunConfig {}

    /// Trains a picture classifier, whose features serve the evaluation.
    ///
    /// @param trainer how the loop runs
    /// @param data the pictures
    /// @param width channels of the first stage
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record ClassifierRun(TrainerOptions trainer, Pictures data, int width) implements RunConfig {}
}
