package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class TokenWeightsTest {
    @Test
    void tokensAreWeightedAndTheirMeanNormStays() {
        // norms 5, 13, 2: mean 20/3; weighted 5, 26, 1: so all shrink by 20/32
        float[] states = {3, 4, -5, 12, 0, -2};
        TokenWeights.apply(new double[] {1, 2, 0.5}, states);
        assertThat(states)
                .containsExactly(new float[] {1.875f, 2.5f, -6.25f, 15, 0, -0.625f}, within(1e-6f));
    }

    @Test
    void equalWeightsChangeNothing() {
        float[] states = {3, 4, -5, 12};
        TokenWeights.apply(new double[] {1.7, 1.7}, states);
        assertThat(states).containsExactly(new float[] {3, 4, -5, 12}, within(1e-6f));
    }

    @Test
    void weightsOfZeroGiveZero() {
        float[] states = {3, 4};
        TokenWeights.apply(new double[] {0}, states);
        assertThat(states).containsOnly(0f);
    }
}
