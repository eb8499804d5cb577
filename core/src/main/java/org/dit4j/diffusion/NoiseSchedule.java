package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// How fast a Gaussian diffusion destroys the data: beta of each step and everything that follows
/// from it, in float64. Immutable.
///
/// With `alpha = 1 - beta` and `alphaBar` the cumulative product of alpha, the process is `q(x_t |
/// x0) = N(sqrt(alphaBar) x0, (1 - alphaBar) I)` (Ho et al. 2020, equation 4). Tables as in the
/// constructor of `GaussianDiffusion` (DiT, `diffusion/gaussian_diffusion.py`).
public final class NoiseSchedule {
    private final Table betas;
    private final Table timesteps;
    private final Table alphaBar;
    private final Table alphaBarPrevious;
    private final Table alphaBarNext;
    private final Table posteriorVariance;

    private NoiseSchedule(Table betas, Table timesteps) {
        this.betas = betas;
        this.timesteps = timesteps;
        int n = betas.size();
        var bars = new double[n];
        double product = 1;
        for (int t = 0; t < n; t++) {
            product *= 1 - betas.at(t);
            bars[t] = product;
        }
        alphaBar = Table.of(bars);
        alphaBarPrevious = Table.of(n, t -> t == 0 ? 1 : bars[t - 1]);
        alphaBarNext = Table.of(n, t -> t == n - 1 ? 0 : bars[t + 1]);
        posteriorVariance =
                Table.of(n, t -> betas.at(t) * (1 - alphaBarPrevious.at(t)) / (1 - bars[t]));
    }

    /// Returns the schedule of those betas.
    ///
    /// @throws ConfigException if one is not in (0, 1]
    public static NoiseSchedule of(double[] betas) {
        ConfigException.require(betas.length > 0, "a noise schedule needs at least one step");
        for (double beta : betas) {
            ConfigException.require(
                    beta > 0 && beta <= 1, "every beta must be in (0, 1] but one is %s", beta);
        }
        return new NoiseSchedule(Table.of(betas), Table.of(betas.length, t -> t));
    }

    /// Returns the schedule of those cumulative products of `1 - beta`.
    ///
    /// @param alphaBar falling, in [0, 1)
    /// @throws ConfigException if it rises somewhere or leaves the range
    public static NoiseSchedule ofAlphaBar(double[] alphaBar) {
        var betas = new double[alphaBar.length];
        double last = 1;
        for (int t = 0; t < betas.length; t++) {
            ConfigException.require(
                    alphaBar[t] >= 0 && alphaBar[t] < last,
                    "alphaBar must fall from 1 to 0 but %s comes after %s",
                    alphaBar[t],
                    last);
            betas[t] = 1 - alphaBar[t] / last;
            last = alphaBar[t];
        }
        return of(betas);
    }

    /// Returns the linear schedule of Ho et al. 2020, stretched to `steps`: 1e-4 to 0.02 at 1000.
    public static NoiseSchedule linear(int steps) {
        return of(Betas.linear(steps));
    }

    /// Returns the cosine schedule of Nichol and Dhariwal 2021, equation 17.
    public static NoiseSchedule cosine(int steps) {
        return of(Betas.cosine(steps));
    }

    /// Returns the schedule of that name in the original code: `linear` or `squaredcos_cap_v2`.
    public static NoiseSchedule named(String name, int steps) {
        return switch (name) {
            case "linear" -> linear(steps);
            case "squaredcos_cap_v2" -> cosine(steps);
            default ->
                    throw new ConfigException(
                            "noise schedule must be linear or squaredcos_cap_v2 but is " + name);
        };
    }

    /// Returns the process that visits only some of the steps, each with the beta that spans the
    /// gap; the network still gets the original timesteps (DiT, `respace.py`).
    ///
    /// @param sections as [Respacing#space] reads them; empty for all steps
    public NoiseSchedule respaced(String sections) {
        int[] kept = Respacing.space(steps(), sections);
        var spanning = new double[kept.length];
        double last = 1;
        for (int i = 0; i < kept.length; i++) {
            spanning[i] = 1 - alphaBar.at(kept[i]) / last;
            last = alphaBar.at(kept[i]);
        }
        return new NoiseSchedule(
                Table.of(spanning), Table.of(kept.length, i -> timesteps.at(kept[i])));
    }

    /// Returns the number of steps.
    public int steps() {
        return betas.size();
    }

    /// Returns what the network is given for each step: its number in the original process.
    public Table timesteps() {
        return timesteps;
    }

    /// Returns beta, the variance that each step adds.
    public Table betas() {
        return betas;
    }

    /// Returns the cumulative product of `1 - beta`.
    public Table alphaBar() {
        return alphaBar;
    }

    /// Returns alphaBar of the step before; 1 before the first.
    public Table alphaBarPrevious() {
        return alphaBarPrevious;
    }

    /// Returns alphaBar of the step after; 0 after the last.
    public Table alphaBarNext() {
        return alphaBarNext;
    }

    /// Returns `sqrt(alphaBar)`, the share of the data.
    public Table dataScale() {
        return alphaBar.map(Math::sqrt);
    }

    /// Returns `sqrt(1 - alphaBar)`, the share of the noise.
    public Table noiseScale() {
        return alphaBar.map(a -> Math.sqrt(1 - a));
    }

    /// Returns `log(1 - alphaBar)`.
    public Table logNoiseVariance() {
        return alphaBar.map(a -> Math.log(1 - a));
    }

    /// Returns `sqrt(1 / alphaBar)`.
    public Table inverseDataScale() {
        return alphaBar.map(a -> Math.sqrt(1 / a));
    }

    /// Returns `sqrt(1 / alphaBar - 1)`, the ratio of noise to data.
    public Table noiseToData() {
        return alphaBar.map(a -> Math.sqrt(1 / a - 1));
    }

    /// Returns `alphaBar / (1 - alphaBar)`, the signal-to-noise ratio.
    public Table snr() {
        return alphaBar.map(a -> a / (1 - a));
    }

    /// Returns the variance of `q(x_{t-1} | x_t, x0)` (Ho et al. 2020, equation 7).
    public Table posteriorVariance() {
        return posteriorVariance;
    }

    /// Returns the log of [#posteriorVariance], where the first step, whose variance is 0, takes
    /// the second one's.
    public Table posteriorLogVariance() {
        return Table.of(steps(), t -> Math.log(clippedVariance(t)));
    }

    /// Returns the factor of x0 in the mean of `q(x_{t-1} | x_t, x0)` (Ho et al. 2020, equation 7).
    public Table posteriorMeanOfX0() {
        return Table.of(
                steps(),
                t -> betas.at(t) * Math.sqrt(alphaBarPrevious.at(t)) / (1 - alphaBar.at(t)));
    }

    /// Returns the factor of x_t in the mean of `q(x_{t-1} | x_t, x0)` (Ho et al. 2020, equation
    /// 7).
    public Table posteriorMeanOfXt() {
        return Table.of(
                steps(),
                t ->
                        (1 - alphaBarPrevious.at(t))
                                * Math.sqrt(1 - betas.at(t))
                                / (1 - alphaBar.at(t)));
    }

    /// Returns beta as a variance of the reverse step, where the first takes the posterior variance
    /// of the second, for a better likelihood of the last decoding step.
    public Table largeVariance() {
        return Table.of(steps(), t -> t == 0 ? clippedVariance(0) : betas.at(t));
    }

    private double clippedVariance(int t) {
        // a process of one step has no second one: any small number does
        return steps() == 1 ? 1e-20 : posteriorVariance.at(Math.max(t, 1));
    }
}
