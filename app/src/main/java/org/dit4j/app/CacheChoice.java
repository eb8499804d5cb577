package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Caching;
import org.dit4j.eval.CacheCalibration;
import org.dit4j.eval.CacheCalibrator;
import org.dit4j.eval.CacheTrial;
import org.dit4j.eval.Psnr;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.GivenPictures;
import org.dit4j.pipeline.Pipeline;

/// Chooses a cache for a model and says what it costs.
///
/// @param pipeline the model
/// @param store its calibrations
/// @param network what else there is to the network: precision, adapters
/// @param err receives what is said
record CacheChoice(Pipeline pipeline, CalibrationStore store, String network, PrintWriter err) {
    static CacheChoice of(Pipeline pipeline, Path folder, String network, PrintWriter err) {
        return new CacheChoice(pipeline, CalibrationStore.of(folder), network, err);
    }

    /// Returns the request with the fastest cache that keeps to a budget, or without one if none
    /// does. Calibrates if that was not yet done for requests of its kind.
    ///
    /// @param budget in dB
    /// @throws ConfigException if it starts from a picture: a calibration is about whole runs
    GenerationRequest within(double budget, GenerationRequest request) {
        ConfigException.require(
                request.given().equals(GivenPictures.NONE),
                "--cache-budget is for runs from noise, not from a picture: name a --cache instead");
        GenerationRequest resolved = pipeline.resolve(request);
        var way = CacheCalibration.Way.of(resolved, network);
        CacheCalibration calibration =
                store.find(way, budget)
                        .orElseGet(() -> calibrated(resolved, CacheCalibrator.PICTURES, budget));
        Optional<CacheTrial> best = calibration.fastest(budget);
        if (best.isEmpty()) {
            say("no cache keeps to %.1f dB at %d steps: drawing without one", budget, way.steps());
            return request.withCaching(Caching.OFF);
        }
        say("cache %s", text(best.get()));
        return request.withCaching(best.get().caching());
    }

    /// Calibrates for requests of a kind and keeps the result.
    ///
    /// @param resolved a request of that kind
    CacheCalibration calibrated(GenerationRequest resolved, int pictures, double budget) {
        say("calibrating the caches of this model, once for %d steps", resolved.steps());
        var calibrator =
                new CacheCalibrator(pipeline, resolved, pictures, CacheOptions.floor(budget));
        int most = 1 + pictures * (1 + CacheCalibrator.ladder().size());
        var drawn = new AtomicInteger();
        CacheCalibration calibration;
        try (var bar = new Bar(err)) {
            calibration =
                    calibrator.run(
                            network,
                            (state, calls) -> {
                                if (state.call() >= calls) {
                                    bar.show("calibrating", drawn.incrementAndGet(), most, "");
                                }
                                return true;
                            });
        }
        say("calibration in %s", store.put(calibration));
        return calibration;
    }

    /// Draws without a cache too, and with it once more since the first time loads what is loaded
    /// when it is needed, and says what the cache cost and saved.
    ///
    /// @param pictures what the request gave
    void measure(GenerationRequest request, List<Picture> pictures) {
        long start = System.nanoTime();
        List<Picture> whole = pipeline.generate(request.withCaching(Caching.OFF));
        long between = System.nanoTime();
        pipeline.generate(request);
        double cached = (System.nanoTime() - between) / 1e9;
        double plain = (between - start) / 1e9;
        double[] psnr =
                IntStream.range(0, whole.size())
                        .mapToDouble(i -> Psnr.of(whole.get(i), pictures.get(i)))
                        .toArray();
        say(
                "measured: %.1f dB (least %.1f), %.2f of the time (%.2f s of %.2f s)",
                DoubleStream.of(psnr).average().orElseThrow(),
                DoubleStream.of(psnr).min().orElseThrow(),
                cached / plain,
                cached,
                plain);
    }

    /// Returns a trial in words.
    static String text(CacheTrial trial) {
        return String.format(
                Locale.ROOT,
                "%s: predicted %.1f dB (mean %.1f less the deviation of %.1f), %.2f of the time",
                trial.cache(),
                trial.safePsnr(),
                trial.psnr(),
                trial.deviation(),
                trial.time());
    }

    private void say(String format, Object... values) {
        err.println(String.format(Locale.ROOT, format, values));
    }
}
