package org.dit4j.eval;

import org.dit4j.ConfigException;
import org.dit4j.diffusion.Caching;

/// What a cache was measured to cost and to save.
///
/// @param cache as [Caching#text] writes it
/// @param psnr mean in dB, of pictures against those of the same seeds without a cache
/// @param deviation standard deviation of these, in dB, over pictures
/// @param time share of the time without a cache, the median over pictures
public record CacheTrial(String cache, double psnr, double deviation, double time) {
    /// Checks what may come from a file.
    public CacheTrial {
        Caching.parse(cache);
        ConfigException.require(
                Double.isFinite(psnr) && Double.isFinite(deviation) && deviation >= 0,
                "a trial's psnr and deviation must be numbers but are %s and %s",
                psnr,
                deviation);
        ConfigException.require(
                time > 0 && Double.isFinite(time),
                "a trial's time must be above 0 but is %s",
                time);
    }

    /// Returns the cache.
    public Caching caching() {
        return Caching.parse(cache);
    }

    /// Returns the quality to count on, in dB: the mean less one standard deviation, which about
    /// five of six pictures exceed if they spread normally.
    public double safePsnr() {
        return psnr - deviation;
    }
}
