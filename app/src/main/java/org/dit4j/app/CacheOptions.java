package org.dit4j.app;

import java.util.Locale;
import java.util.regex.Pattern;
import org.dit4j.ConfigException;
import org.dit4j.diffusion.Caching;
import org.dit4j.eval.CacheCalibrator;
import org.dit4j.eval.Psnr;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Medium;
import picocli.CommandLine.Option;

/// What may be spared of a network while pictures are drawn.
final class CacheOptions {
    private static final Pattern DECIBEL = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*(?:dB)?");

    @Option(
            names = "--cache",
            paramLabel = "CACHE",
            description =
                    "Reuse what the network computed in earlier steps: first-block:THRESHOLD,"
                            + " taylor:INTERVAL:ORDER or step:THRESHOLD:ORDER, such as taylor:3:2; off"
                            + " if not given.")
    private String cache = "";

    @Option(
            names = "--cache-budget",
            paramLabel = "DB",
            description =
                    "Take the fastest cache whose pictures keep to this PSNR, such as 35dB, against"
                            + " those without a cache. The first time, some pictures are drawn to"
                            + " calibrate it.")
    private String budget = "";

    @Option(
            names = "--cache-measure",
            description =
                    "Then draw without the cache and with it again, and print the PSNR and the time.")
    private boolean measure;

    /// Returns the request with the cache that was named, if one was.
    ///
    /// @throws ConfigException if there is no such cache, or options do not fit together
    GenerationRequest applied(GenerationRequest request) {
        ConfigException.require(
                cache.isEmpty() || budget.isEmpty(),
                "--cache names a cache and --cache-budget looks for one: give one of them");
        ConfigException.require(
                !measure || !cache.isEmpty() || !budget.isEmpty(),
                "--cache-measure needs --cache or --cache-budget");
        if (budgeted()) {
            decibel("--cache-budget", budget);
        }
        return cache.isEmpty() ? request : request.withCaching(Caching.parse(cache));
    }

    /// Fails if a quality is asked for that is measured of pictures only.
    void requireMeasurable(Medium medium) {
        ConfigException.require(
                medium == Medium.PICTURES || (budget.isEmpty() && !measure),
                "--cache-budget and --cache-measure are for models of pictures, and this one makes %s: name a --cache",
                medium.plural());
    }

    /// Returns whether a cache is to be looked for.
    boolean budgeted() {
        return !budget.isEmpty();
    }

    /// Returns whether to draw without the cache too.
    boolean measured() {
        return measure;
    }

    /// Returns the least PSNR in dB.
    double decibel() {
        return decibel("--cache-budget", budget);
    }

    /// Reads a quality such as `35dB`.
    ///
    /// @throws ConfigException if it is none
    static double decibel(String option, String text) {
        var match = DECIBEL.matcher(text.strip());
        ConfigException.require(match.matches(), "%s must look like 35dB but is %s", option, text);
        double value = Double.parseDouble(match.group(1));
        ConfigException.require(
                value > 0 && value < Psnr.EQUAL,
                "%s must be above 0 and below %s dB but is %s",
                option,
                String.format(Locale.ROOT, "%.0f", Psnr.EQUAL),
                text);
        return value;
    }

    /// Returns down to which quality to calibrate for a budget.
    static double floor(double budget) {
        return Math.min(budget, CacheCalibrator.FLOOR);
    }
}
