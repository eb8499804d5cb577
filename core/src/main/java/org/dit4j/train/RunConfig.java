package org.dit4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.data.Captions;
import org.dit4j.tensor.Dtype;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/// What `train CONFIG.json` reads: one file, every key required, unknown keys are errors.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "task")
@JsonSubTypes({
    @JsonSubTypes.Type(value = RunConfig.DitRun.class, name = "dit"),
    @JsonSubTypes.Type(value = RunConfig.TextRun.class, name = "text-to-image"),
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
    /// @param holdOut part of the pictures that is never trained with, 0 to 0.5 (see
    ///   [org.dit4j.data.HoldOut]): the evaluation takes the same ones
    /// @param balance how far small classes are shown more often, 0 to 1: a picture of a class of n
    ///   is drawn in proportion to n to the power of -balance; 0 shows all pictures equally often,
    ///   1 all classes
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Pictures(String folder, int size, boolean flip, double holdOut, double balance) {
        /// Checks the ranges.
        public Pictures {
            ConfigException.require(
                    size > 0 && size <= 4096, "size must be 1 to 4096 but is %d", size);
            ConfigException.require(
                    holdOut >= 0 && holdOut <= 0.5, "hold_out must be 0 to 0.5 but is %s", holdOut);
            ConfigException.require(
                    balance >= 0 && balance <= 1, "balance must be 0 to 1 but is %s", balance);
        }
    }

    /// A further size of the pictures, which a part of the batches takes.
    ///
    /// @param width in pixels
    /// @param height in pixels
    /// @param share of the batches, above 0
    record Bucket(int width, int height, double share) {
        /// Checks the ranges.
        public Bucket {
            ConfigException.require(
                    width > 0 && width <= 4096 && height > 0 && height <= 4096,
                    "a bucket must be 1 to 4096 pixels wide and high but is %dx%d",
                    width,
                    height);
            ConfigException.require(
                    share > 0 && share < 1,
                    "the share of the bucket %dx%d must be above 0 and below 1 but is %s",
                    width,
                    height,
                    share);
        }
    }

    /// Precision of the matrix products; weights, averages and moments are float32 always.
    enum Precision {
        /// IEEE single precision.
        @JsonProperty("fp32")
        FP32,
        /// bfloat16 products by autocast.
        @JsonProperty("bf16")
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
    /// @param latentCache folder for the latents of the pictures
    /// @param init folder of a model to start from, empty to start anew
    /// @param model what [org.dit4j.model.DitConfigs] reads, without `input_size`, `in_channels`
    ///   and `num_classes`, which autoencoder and data give
    /// @param objective what the network learns to predict
    /// @param precision of the matrix products
    /// @param activationCheckpointing whether blocks are computed again in the backward pass, which
    ///   saves memory
    /// @param samples what the sample pictures show
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record DitRun(
            TrainerOptions trainer,
            Pictures data,
            String autoencoder,
            String latentCache,
            String init,
            JsonNode model,
            Objective objective,
            Precision precision,
            boolean activationCheckpointing,
            Samples samples)
            implements RunConfig {}

    /// Trains a Hunyuan-DiT or an MM-DiT on the latents of an autoencoder and the captions of the
    /// pictures.
    ///
    /// @param trainer how the loop runs
    /// @param data the pictures, which must have captions
    /// @param buckets further sizes, each picture whole on white; the other batches take the size
    ///   of `data`
    /// @param captions how captions are drawn
    /// @param autoencoder folder of the autoencoder
    /// @param latentCache folder for the latents of the pictures and the states of the captions
    /// @param init folder of a model to start from, empty to start anew
    /// @param model what [org.dit4j.pipeline.BilingualNetwork#of] reads, without `input_size` and
    ///   `in_channels`, which data and autoencoder give
    /// @param objective what the network learns to predict
    /// @param precision of the matrix products
    /// @param samples what the sample pictures show
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record TextRun(
            TrainerOptions trainer,
            Pictures data,
            List<Bucket> buckets,
            CaptionChoice captions,
            String autoencoder,
            String latentCache,
            String init,
            JsonNode model,
            Objective objective,
            Precision precision,
            PromptSamples samples)
            implements RunConfig {
        /// Checks the shares of the buckets.
        public TextRun {
            double shares = buckets.stream().mapToDouble(Bucket::share).sum();
            ConfigException.require(
                    shares < 1, "the shares of all buckets must be below 1 but are %s", shares);
        }
    }

    /// How a step draws a caption for each of its pictures: first the language, then a text, all
    /// equally likely.
    ///
    /// @param perLanguage texts of each picture in each language that are trained with, the first
    ///   ones; their states are computed once
    /// @param dropout probability of the empty text instead, which guidance needs
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record CaptionChoice(int perLanguage, double dropout) {
        /// Checks the ranges.
        public CaptionChoice {
            ConfigException.require(
                    perLanguage >= 1 && perLanguage <= Captions.MAX_TEXTS,
                    "captions.per_language must be 1 to %d but is %d",
                    Captions.MAX_TEXTS,
                    perLanguage);
            ConfigException.require(
                    dropout >= 0 && dropout < 1,
                    "captions.dropout must be at least 0 and below 1 but is %s",
                    dropout);
        }
    }

    /// Sample pictures of prompts.
    ///
    /// @param prompts a row each
    /// @param perPrompt pictures of each prompt
    /// @param sampler its name
    /// @param steps of the sampler
    /// @param guidance scale of classifier-free guidance, 1 for none
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record PromptSamples(
            List<String> prompts, int perPrompt, String sampler, int steps, double guidance) {
        /// Checks the counts.
        public PromptSamples {
            ConfigException.require(
                    !prompts.isEmpty() && prompts.size() <= 64 && perPrompt > 0 && perPrompt <= 64,
                    "samples must be 1 to 64 prompts and per_prompt 1 to 64 but are %d and %d",
                    prompts.size(),
                    perPrompt);
        }
    }

    /// Sample pictures.
    ///
    /// @param classes names of the classes to show, a row each
    /// @param perClass pictures of each class
    /// @param sampler its name
    /// @param steps of the sampler
    /// @param guidance scale of classifier-free guidance, 1 for none
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Samples(List<String> classes, int perClass, String sampler, int steps, double guidance) {
        /// Checks the counts.
        public Samples {
            ConfigException.require(
                    perClass > 0 && perClass <= 64,
                    "per_class must be 1 to 64 but is %d",
                    perClass);
        }
    }

    /// Trains an autoencoder: L1 distance, plus the Kullback-Leibler divergence of the posterior.
    ///
    /// @param trainer how the loop runs
    /// @param data the pictures
    /// @param model diffusers' configuration of `AutoencoderKL`
    /// @param loss weights of the terms
    /// @param precision of the matrix products
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record AutoencoderRun(
            TrainerOptions trainer,
            Pictures data,
            JsonNode model,
            AutoencoderTask.Loss loss,
            Precision precision)
            implements RunConfig {}

    /// Trains a picture classifier, whose features serve the evaluation.
    ///
    /// @param trainer how the loop runs
    /// @param data the pictures
    /// @param width channels of the first stage
    /// @param precision of the matrix products
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record ClassifierRun(TrainerOptions trainer, Pictures data, int width, Precision precision)
            implements RunConfig {}
}
