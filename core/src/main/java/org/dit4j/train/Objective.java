package org.dit4j.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.dit4j.ConfigException;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Interpolant;
import org.dit4j.diffusion.Target;
import org.dit4j.diffusion.TimeDensity;
import org.dit4j.pipeline.DiffusionProcess;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/// What a denoising network learns to predict, and at which times.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "process")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Objective.Gaussian.class, name = "gaussian"),
    @JsonSubTypes.Type(value = Objective.Flow.class, name = "flow")
})
public sealed interface Objective {
    /// Returns how to sample from what was trained.
    DiffusionProcess sampling();

    /// The process of DiT: 1000 steps, MSE, and the variational bound where the network has a
    /// learned sigma.
    ///
    /// @param noiseSchedule `linear` or `squaredcos_cap_v2`
    /// @param target `epsilon`, `x0` or `v`
    /// @param minSnrGamma clamp of the signal-to-noise weight (Hang et al. 2023), 0 for none
    /// @param timeShift how far the training times are moved towards the noise, as those of a flow
    ///   are for large pictures (Esser et al. 2024, equation 23); above 0, 1 for times that are all
    ///   equally often
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Gaussian(String noiseSchedule, Target target, double minSnrGamma, double timeShift)
            implements Objective {
        /// Checks the shift.
        public Gaussian {
            ConfigException.require(
                    timeShift > 0 && Double.isFinite(timeShift),
                    "time_shift must be above 0, not %s",
                    timeShift);
        }

        @Override
        public DiffusionProcess sampling() {
            return DiffusionProcess.gaussian(noiseSchedule, target);
        }
    }

    /// The interpolants of SiT and flow matching.
    ///
    /// @param path `linear`, `gvp` or `vp`
    /// @param prediction `velocity`, `noise` or `score`
    /// @param time density of the training times: `uniform`, `logit_normal`, `mode` or `cosmap`
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Flow(Interpolant path, FlowTarget prediction, String time) implements Objective {
        /// Checks the name of the density.
        public Flow {
            TimeDensity.named(time);
        }

        @Override
        public DiffusionProcess sampling() {
            return DiffusionProcess.flow(process());
        }

        /// Returns the process.
        public FlowMatching process() {
            return FlowMatching.of(path, prediction);
        }
    }
}
