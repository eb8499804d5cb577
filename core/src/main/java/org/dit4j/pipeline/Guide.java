package org.dit4j.pipeline;

import org.dit4j.ConfigException;

/// How strongly pictures follow their prompts: classifier-free guidance (Ho and Salimans 2022) as a
/// request asks for it.
///
/// @param scale 1 for none, 0 for the model's own
/// @param negative what the pictures are led away from, empty for nothing in particular
/// @param rescale phi of Lin et al. 2024 (arXiv:2305.08891, section 3.4), 0 to 1
/// @param from least noise at which to guide, 0 (the data) to 1 (the noise), on the time axis of
///   training (Kynkäänniemi et al. 2024, arXiv:2404.07724)
/// @param to most noise at which to guide
/// @param trueScale the scale for networks that take `scale` as an input (FLUX.1-dev) and so need
///   no guidance of this kind; 1 for none
public record Guide(
        double scale, String negative, double rescale, double from, double to, double trueScale) {
    /// The model's own scale, nothing negative, at all times.
    public static final Guide DEFAULT = new Guide(0, "", 0, 0, 1, 1);

    private static final int MOST = 100;

    /// Checks the ranges.
    public Guide {
        ConfigException.require(
                scale >= 0 && scale <= MOST, "guidance must be 0 to 100 but is %s", scale);
        ConfigException.require(
                trueScale >= 1 && trueScale <= MOST,
                "true guidance must be 1 to 100 but is %s",
                trueScale);
        ConfigException.require(
                rescale >= 0 && rescale <= 1, "guidance rescale must be 0 to 1 but is %s", rescale);
        ConfigException.require(
                from >= 0 && from <= to && to <= 1,
                "the guidance interval must lie in 0 to 1 and not end before it begins, but is %s to %s",
                from,
                to);
    }

    /// Returns the same with another scale.
    public Guide withScale(double s) {
        return new Guide(s, negative, rescale, from, to, trueScale);
    }

    /// Returns the same with another negative prompt.
    public Guide withNegative(String text) {
        return new Guide(scale, text, rescale, from, to, trueScale);
    }

    /// Returns the same with another phi.
    public Guide withRescale(double phi) {
        return new Guide(scale, negative, phi, from, to, trueScale);
    }

    /// Returns the same between other noise levels.
    public Guide during(double least, double most) {
        return new Guide(scale, negative, rescale, least, most, trueScale);
    }

    /// Returns the same with another scale for networks that take theirs as an input.
    public Guide withTrueScale(double s) {
        return new Guide(scale, negative, rescale, from, to, s);
    }
}
