package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.Suggestion;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;

/// Which times of a flow are trained how often (Esser et al. 2024, Stable Diffusion 3, section 3.1;
/// diffusers, `training_utils.py`, `compute_density_for_timestep_sampling`).
///
/// Time 1 is data here, as everywhere in this package. The paper counts the other way round; that
/// only matters to the mean of [LogitNormal], the other densities are symmetric.
public sealed interface TimeDensity {
    /// Every time equally often.
    record Uniform() implements TimeDensity {}

    /// The sigmoid of a normal number: times in the middle more often.
    ///
    /// @param mean of the normal number; above 0 moves the times towards the data
    /// @param std of the normal number, above 0
    record LogitNormal(double mean, double std) implements TimeDensity {
        /// Checks the numbers.
        public LogitNormal {
            ConfigException.require(
                    Double.isFinite(mean) && std > 0 && Double.isFinite(std),
                    "logit-normal times need a finite mean and a std above 0, not %s and %s",
                    mean,
                    std);
        }
    }

    /// Times in the middle more often (scale above 0) or the ends (below 0), with a density that
    /// vanishes nowhere.
    ///
    /// @param scale in `[-1, 2 / (pi - 2)]`, outside of which times would leave [0, 1]; 1.29 in the
    ///   paper's comparison
    record Mode(double scale) implements TimeDensity {
        /// Checks the scale.
        public Mode {
            ConfigException.require(
                    scale >= -1 && scale <= 2 / (Math.PI - 2),
                    "the scale of mode times must be in [-1, 1.75], not %s",
                    scale);
        }
    }

    /// The times of the cosine schedule, as noise levels of the linear path.
    record Cosmap() implements TimeDensity {}

    /// Returns the density of that name with the settings of the paper's comparison: `uniform`,
    /// `logit_normal`, `mode` or `cosmap`.
    ///
    /// @throws ConfigException if there is none of that name
    static TimeDensity named(String name) {
        return switch (name) {
            case "uniform" -> new Uniform();
            case "logit_normal" -> new LogitNormal(0, 1);
            case "mode" -> new Mode(1.29);
            case "cosmap" -> new Cosmap();
            default ->
                    throw new ConfigException(
                            Suggestion.line(
                                    "time density",
                                    name,
                                    List.of("uniform", "logit_normal", "mode", "cosmap")));
        };
    }

    /// Draws times, float32 `[B]` in [0, 1].
    default Tensor draw(long batch, Rng rng) {
        return of(this instanceof LogitNormal ? rng.normal(batch) : rng.uniform(batch));
    }

    /// Returns the times that random numbers stand for.
    ///
    /// @param draws `[B]` standard normal for [LogitNormal], uniform in [0, 1) for the others
    default Tensor of(Tensor draws) {
        return switch (this) {
            case Uniform() -> draws;
            case LogitNormal(double mean, double std) ->
                    Ops.add(Ops.mul(draws, std), mean).sigmoid();
            case Mode(double scale) -> {
                Tensor bend = Ops.add(quarterTurn(draws).cos().square(), -1).add(draws);
                yield Ops.addScaled(Interpolant.fromOne(draws), bend, -scale);
            }
            case Cosmap() -> Interpolant.fromOne(Ops.add(quarterTurn(draws).tan(), 1).reciprocal());
        };
    }

    private static Tensor quarterTurn(Tensor u) {
        return Ops.div(Ops.mul(u, Math.PI), 2);
    }
}
