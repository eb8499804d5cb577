package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dit4j.ConfigException;
import org.dit4j.diffusion.Timesteps.Spacing;
import org.junit.jupiter.api.Test;

/// The expected numbers are those of diffusers' `set_timesteps`.
class TimestepsTest {
    @Test
    void eachSpacingIsThatOfDiffusers() {
        assertThat(ddim(Spacing.LINSPACE, 0)).containsExactly(999, 749, 500, 250, 0);
        assertThat(ddim(Spacing.LEADING, 1)).containsExactly(801, 601, 401, 201, 1);
        assertThat(ddim(Spacing.TRAILING, 0)).containsExactly(999, 799, 599, 399, 199);
        assertThat(solver(Spacing.LINSPACE, 0)).containsExactly(999, 799, 599, 400, 200);
        assertThat(solver(Spacing.LEADING, 1)).containsExactly(831, 665, 499, 333, 167);
        assertThat(solver(Spacing.TRAILING, 0)).containsExactly(999, 799, 599, 399, 199);
    }

    @Test
    void halvesRoundAsInNumpy() {
        assertThat(new Timesteps(Spacing.TRAILING, 0).of(77, 20).values())
                .containsExactly(
                        76, 72, 68, 64, 61, 57, 53, 49, 45, 41, 38, 34, 30, 26, 22, 18, 14, 11, 7,
                        3);
    }

    @Test
    void aCurveMayEndAtTheLeastNoiseTwice() {
        var training =
                new GaussianDiffusion(
                        RoundedBetas.named("squaredcos_cap_v2", 0, 1, 1000, false),
                        Target.V,
                        Variance.FIXED_SMALL);
        for (var curve : NoiseCurve.values()) {
            for (int steps = 1; steps <= 40; steps++) {
                var levels =
                        TrainedLevels.of(training, curve, TrainedLevels.End.TRAINED).levels(steps);
                assertThat(levels.sigma().size()).isEqualTo(steps + 1);
            }
        }
    }

    @Test
    void theOffsetIsNotNegative() {
        assertThatThrownBy(() -> new Timesteps(Spacing.LEADING, -1))
                .isInstanceOf(ConfigException.class)
                .hasMessage("steps_offset must be at least 0, not -1");
    }

    private static double[] ddim(Spacing spacing, int offset) {
        return new Timesteps(spacing, offset).of(1000, 5).values();
    }

    private static double[] solver(Spacing spacing, int offset) {
        return new Timesteps(spacing, offset).open(1000, 1000, 5).values();
    }
}
