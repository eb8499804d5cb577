package org.dit4j.diffusion;

import java.util.OptionalDouble;
import org.dit4j.ConfigException;

/// How far the noise levels of a flow are moved towards the noise: sigma becomes `s sigma / (1 + (s
/// -
///   1) sigma)` (Esser et al. 2024, equation 23), so 1 is not at all.
public sealed interface FlowShift {
    /// Returns s.
    ///
    /// @throws ConfigException if it depends on the size of the sample and that is not known yet
    double factor();

    /// Returns the mu of [SamplerFactory#withMu] for a sample of that many tokens; empty where the
    /// shift is the same for all sizes.
    OptionalDouble mu(long tokens);

    /// Returns the shift of a sigma.
    default double apply(double sigma) {
        return factor() * sigma / (1 + (factor() - 1) * sigma);
    }

    /// The same for all sizes.
    ///
    /// @param factor s, above 0
    record Fixed(double factor) implements FlowShift {
        /// No shift.
        public static final Fixed NONE = new Fixed(1);

        /// Checks the factor.
        public Fixed {
            ConfigException.require(
                    factor > 0, "the shift of a flow must be above 0, not %s", factor);
        }

        @Override
        public OptionalDouble mu(long tokens) {
            return OptionalDouble.empty();
        }
    }

    /// Larger for larger samples (diffusers, `scheduling_flow_match_euler_discrete.py`,
    /// `time_shift`).
    ///
    /// @param exponential whether s is `exp(mu)`; else it is mu
    /// @param line mu by the size of the sample
    /// @param known mu, once the size is known
    record BySize(boolean exponential, Line line, OptionalDouble known) implements FlowShift {
        @Override
        public double factor() {
            ConfigException.require(
                    known.isPresent(),
                    "use_dynamic_shifting needs mu, which depends on the size of the sample");
            double mu = known.getAsDouble();
            return exponential ? Math.exp(mu) : mu;
        }

        @Override
        public OptionalDouble mu(long tokens) {
            return OptionalDouble.of(line.at(tokens));
        }

        /// Returns the shift for a known mu.
        ///
        /// @param mu above 0 unless the shift is exponential
        public BySize withMu(double mu) {
            ConfigException.require(
                    exponential || mu > 0, "mu must be above 0 for a linear shift, not %s", mu);
            return new BySize(exponential, line, OptionalDouble.of(mu));
        }
    }

    /// A straight line through two numbers of tokens (diffusers, `calculate_shift` of the Flux
    /// pipeline).
    ///
    /// @param base mu at `baseTokens`
    /// @param most mu at `mostTokens`
    record Line(double base, double most, int baseTokens, int mostTokens) {
        /// The defaults of diffusers.
        public static final Line DEFAULT = new Line(0.5, 1.15, 256, 4096);

        /// Checks that the line is one.
        public Line {
            ConfigException.require(
                    baseTokens < mostTokens,
                    "base_image_seq_len must be less than max_image_seq_len but %d is not less than %d",
                    baseTokens,
                    mostTokens);
        }

        double at(long tokens) {
            return base + (tokens - baseTokens) * (most - base) / (mostTokens - baseTokens);
        }
    }
}
