package org.dit4j.pipeline;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.diffusion.Denoiser;

/// What differs between the families of text-to-image models: a network, and the text encoders that
/// make its conditions of prompts.
public interface PromptedNetwork extends LatentNetwork, TextConditioned {
    /// What steers a batch.
    ///
    /// @param latents of the control picture, `[B, C, h, w]`
    /// @param scale times which the ControlNet's residuals are added
    record Control(Tensor latents, double scale) {}

    /// The network with some texts, of which all is computed that is the same at all times of a
    /// run. It belongs to the scope that was innermost when it was made.
    @FunctionalInterface
    interface Prepared {
        /// Returns the network for a batch, float32 in and out, with as many channels as the
        /// latents have.
        ///
        /// @param texts which of the texts each picture of the batch shows
        Denoiser of(List<Integer> texts);

        /// Returns the network for a batch, steered by its ControlNets.
        ///
        /// @param controls one for each ControlNet
        /// @throws ConfigException if there are more or fewer ControlNets
        default Denoiser of(List<Integer> texts, List<Control> controls) {
            ConfigException.require(controls.isEmpty(), "a control picture needs a ControlNet");
            return of(texts);
        }
    }

    /// Texts that have become conditions.
    interface Prompts {
        /// Prepares the calls of a run.
        ///
        /// @param texts how many of the encoded texts are shown, from the first one on
        Prepared prepare(int texts);

        /// The same for a run of which the times are known ahead.
        ///
        /// @param times at which the network will be called; it may be called at others
        default Prepared prepare(int texts, List<Float> times) {
            return prepare(texts);
        }

        /// Returns what the network is given beside latents and time, under the names of diffusers'
        /// arguments; empty for networks that diffusers does not have.
        ///
        /// @param texts which of the encoded texts each picture of the batch shows
        default Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of();
        }

        /// Says which texts were too long, a line each.
        List<String> remarks();
    }
}
