package org.dit4j.checkpoint;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.dit4j.ConfigException;

/// A LoRA file, low-rank updates of the weights of a network (Hu et al. 2021, arXiv:2106.09685),
/// and how much of it is wanted.
///
/// The names of its tensors may be those of PEFT and diffusers
/// (`transformer.<layer>.lora_A.weight`, `lora_B.weight`) or of kohya-ss/sd-scripts
/// (`lora_unet_<layer>.lora_down.weight`, `lora_up.weight`, `alpha`); the layers may be called as
/// in the network's file or as in the network. Every layer must be there, and nothing else may be
/// in the file.
///
/// @param file `.safetensors`, or what else [StateDict#open] reads
/// @param scale times which the updates are added; 1 is what they were trained for, below 0 is the
///   opposite
/// @param parts whose layers are wanted; those of the others are passed over
public record Lora(Path file, double scale, Set<Part> parts) {
    /// A network of a pipeline.
    public enum Part {
        /// The network that denoises.
        NETWORK("transformer."),
        /// The first text encoder.
        TEXT_ENCODER("text_encoder.", "lora_te_", "lora_te1_"),
        /// The second text encoder.
        TEXT_ENCODER_2("text_encoder_2.", "lora_te2_"),
        /// The third text encoder; in kohya's names T5, also where it is the second of a pipeline.
        TEXT_ENCODER_3("text_encoder_3.", "lora_te3_");

        private final List<String> prefixes;

        Part(String... prefixes) {
            this.prefixes = List.of(prefixes);
        }

        /// Returns the part that a tensor of an adapter is for.
        static Part of(String name) {
            for (Part part : values()) {
                if (part.prefixes.stream().anyMatch(name::startsWith)) {
                    return part;
                }
            }
            return NETWORK;
        }

        /// Returns what the names of diffusers begin with.
        String prefix() {
            return prefixes.getFirst();
        }
    }

    /// Checks that the scale is finite.
    public Lora {
        parts = Set.copyOf(parts);
        ConfigException.require(
                Double.isFinite(scale), "the scale of the LoRA %s must be finite", file);
    }

    /// All of a file.
    public Lora(Path file, double scale) {
        this(file, scale, EnumSet.allOf(Part.class));
    }

    /// Returns the layers of some parts only.
    public Lora only(Set<Part> wanted) {
        return new Lora(file, scale, wanted);
    }

    /// Returns the parts that the file has layers for.
    ///
    /// @throws CheckpointException if there is no such file
    public Set<Part> contents() {
        try (var dict = StateDict.open(file)) {
            var found = EnumSet.noneOf(Part.class);
            dict.names().forEach(name -> found.add(Part.of(name)));
            return found;
        }
    }
}
