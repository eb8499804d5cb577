package org.dit4j.eval;

import java.util.stream.DoubleStream;

/// The PSNR of several pictures.
///
/// @param mean in dB
/// @param deviation standard deviation over the pictures, in dB
/// @param least of one picture, in dB
public record PsnrSpread(double mean, double deviation, double least) {
    /// Returns that of two pictures or more.
    ///
    /// @param psnr of each, in dB
    public static PsnrSpread of(double... psnr) {
        double mean = DoubleStream.of(psnr).average().orElseThrow();
        double squares = DoubleStream.of(psnr).map(p -> (p - mean) * (p - mean)).sum();
        return new PsnrSpread(
                mean,
                Math.sqrt(squares / (psnr.length - 1)),
                DoubleStream.of(psnr).min().orElseThrow());
    }

    /// Returns the quality to count on, in dB: the mean less one standard deviation, which about
    /// five of six pictures exceed if they spread normally.
    public double safe() {
        return mean - deviation;
    }
}
