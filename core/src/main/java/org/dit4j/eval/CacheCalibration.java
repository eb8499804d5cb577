package org.dit4j.eval;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.pipeline.GenerationRequest;

/// What the caches cost and save a model in one way to sample from it.
///
/// @param way to sample
/// @param floor in dB: caches below it were not tried to the end
/// @param pictures how many were compared
/// @param trials one for each cache that reached the floor
public record CacheCalibration(Way way, double floor, int pictures, List<CacheTrial> trials) {
    private static final int MOST = 1000;

    /// What quality and speed depend on, besides the model.
    ///
    /// @param network what else there is to the network: precision, adapters
    public record Way(
            String sampler,
            int steps,
            double guidance,
            double rescale,
            double guidedFrom,
            double guidedTo,
            double trueGuidance,
            int width,
            int height,
            String network) {
        /// Returns the way in which a request is sampled.
        ///
        /// @param r resolved
        public static Way of(GenerationRequest r, String network) {
            return new Way(
                    r.sampler(),
                    r.steps(),
                    r.guide().scale(),
                    r.guide().rescale(),
                    r.guide().from(),
                    r.guide().to(),
                    r.guide().trueScale(),
                    r.width(),
                    r.height(),
                    network);
        }
    }

    /// Checks what may come from a file.
    public CacheCalibration {
        ConfigException.require(trials.size() <= MOST, "a calibration has at most %d trials", MOST);
        trials = List.copyOf(trials);
    }

    /// Returns whether this answers for requests of that way and budget.
    public boolean covers(Way other, double budget) {
        return way.equals(other) && budget >= floor;
    }

    /// Returns the fastest cache that keeps to a budget and is faster than none.
    ///
    /// @param budget in dB, see [CacheTrial#safePsnr]
    public Optional<CacheTrial> fastest(double budget) {
        return trials.stream()
                .filter(trial -> trial.safePsnr() >= budget && trial.time() < 1)
                .min(Comparator.comparingDouble(CacheTrial::time));
    }
}
