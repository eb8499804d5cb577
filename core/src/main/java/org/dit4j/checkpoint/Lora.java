package org.dit4j.checkpoint;

import java.nio.file.Path;
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
public record Lora(Path file, double scale) {
    /// Checks that the scale is finite.
    public Lora {
        ConfigException.require(
                Double.isFinite(scale), "the scale of the LoRA %s must be finite", file);
    }
}
