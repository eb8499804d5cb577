package org.dit4j.train;

import org.dit4j.ConfigException;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/// How any network is trained.
///
/// @param seed of everything random
/// @param steps number of optimizer steps
/// @param batchSize examples of one forward pass
/// @param accumulation forward passes of one optimizer step
/// @param optimizer what moves the weights
/// @param learningRate the peak
/// @param schedule shape of the learning rate
/// @param warmupSteps steps of the linear warm-up
/// @param beta1 of AdamW, which Muon takes for what is no matrix of a block
/// @param beta2 of AdamW
/// @param eps of AdamW
/// @param weightDecay decoupled, times the learning rate
/// @param clipNorm largest norm of the gradients, 0 for no limit
/// @param emaDecay decay of the averaged weights
/// @param emaWarmup whether the decay starts low: `min(decay, (1 + step) / (10 + step))`
/// @param logEvery steps between metrics
/// @param saveEvery steps between checkpoints
/// @param sampleEvery steps between sample pictures, 0 for none
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record TrainerOptions(
        long seed,
        long steps,
        int batchSize,
        int accumulation,
        Optimizer.Kind optimizer,
        double learningRate,
        LearningRate schedule,
        long warmupSteps,
        double beta1,
        double beta2,
        double eps,
        double weightDecay,
        double clipNorm,
        double emaDecay,
        boolean emaWarmup,
        int logEvery,
        int saveEvery,
        int sampleEvery) {
    /// Checks the ranges.
    public TrainerOptions {
        ConfigException.require(steps > 0, "steps must be positive but is %d", steps);
        ConfigException.require(batchSize > 0, "batch_size must be positive but is %d", batchSize);
        ConfigException.require(
                accumulation > 0, "accumulation must be positive but is %d", accumulation);
        ConfigException.require(
                learningRate > 0, "learning_rate must be positive but is %s", learningRate);
        ConfigException.require(
                warmupSteps >= 0, "warmup_steps must not be negative but is %d", warmupSteps);
        ConfigException.require(
                beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
                "beta1 and beta2 must be in [0, 1) but are %s and %s",
                beta1,
                beta2);
        ConfigException.require(eps > 0, "eps must be positive but is %s", eps);
        ConfigException.require(
                weightDecay >= 0, "weight_decay must not be negative but is %s", weightDecay);
        ConfigException.require(
                clipNorm >= 0, "clip_norm must not be negative but is %s", clipNorm);
        ConfigException.require(
                emaDecay >= 0 && emaDecay < 1, "ema_decay must be in [0, 1) but is %s", emaDecay);
        ConfigException.require(logEvery > 0, "log_every must be positive but is %d", logEvery);
        ConfigException.require(saveEvery > 0, "save_every must be positive but is %d", saveEvery);
        ConfigException.require(
                sampleEvery >= 0, "sample_every must not be negative but is %d", sampleEvery);
    }

    AdamW.Options adamW() {
        return new AdamW.Options(beta1, beta2, eps, weightDecay);
    }

    double emaDecayAt(long step) {
        return emaWarmup ? Math.min(emaDecay, (1.0 + step) / (10.0 + step)) : emaDecay;
    }
}
