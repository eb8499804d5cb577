package org.dit4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.dit4j.ConfigException;

/// The learning rate over the steps: a linear warm-up, then the schedule.
public enum LearningRate {
    /// Stays at the peak.
    @JsonProperty("constant")
    CONSTANT,
    /// Falls to zero along half a cosine.
    @JsonProperty("cosine")
    COSINE,
    /// Falls to zero along a line.
    @JsonProperty("linear")
    LINEAR;

    /// Returns the rate of a step.
    ///
    /// @param step number of the step, from 1
    /// @param steps number of all steps
    /// @param warmup number of steps of the warm-up
    /// @param peak the highest rate
    public double at(long step, long steps, long warmup, double peak) {
        ConfigException.require(step >= 1, "steps count from 1, not from %d", step);
        if (step < warmup) {
            return peak * step / warmup;
        }
        double progress =
                steps <= warmup ? 0 : Math.min(1, (double) (step - warmup) / (steps - warmup));
        return peak
                * switch (this) {
                    case CONSTANT -> 1;
                    case COSINE -> 0.5 * (1 + Math.cos(Math.PI * progress));
                    case LINEAR -> 1 - progress;
                };
    }
}
