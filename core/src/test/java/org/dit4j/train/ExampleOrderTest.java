package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExampleOrderTest {
    private static int[] counts(ExampleOrder order, int from, int to, int size) {
        var counts = new int[size];
        IntStream.range(from, to).forEach(p -> counts[order.at(p)]++);
        return counts;
    }

    @Test
    void withEqualWeightsAnEpochHoldsEachExampleOnce() {
        var order = new ExampleOrder(3, ExampleOrder.equal(50));
        assertThat(counts(order, 0, 50, 50)).containsOnly(1);
        assertThat(counts(order, 50, 100, 50)).containsOnly(1);
        assertThat(IntStream.range(0, 50).map(order::at).toArray())
                .isNotEqualTo(IntStream.range(50, 100).map(order::at).toArray());
    }

    @Test
    void otherwiseItHoldsEachAsOftenAsItsShareRoundedUpOrDown() {
        double[] weights = {1, 1, 2, 4, 0.5, 0.5, 0.5, 0.5}; // of 10
        var order = new ExampleOrder(1, weights);
        var sums = new int[8];
        for (int epoch = 0; epoch < 500; epoch++) {
            int[] counts = counts(order, 8 * epoch, 8 * epoch + 8, 8);
            for (int i = 0; i < 8; i++) {
                double share = 0.8 * weights[i];
                assertThat((double) counts[i]).isBetween(Math.floor(share), Math.ceil(share));
                sums[i] += counts[i];
            }
        }
        // 4000 draws; a share's mean lies within 4 standard deviations of sqrt(1/4/500)
        for (int i = 0; i < 8; i++) {
            assertThat(sums[i] / 500.0).isBetween(0.8 * weights[i] - 0.09, 0.8 * weights[i] + 0.09);
        }
    }

    @Test
    void aResumedRunSeesTheSame() {
        double[] weights = {3, 1, 1, 1, 2};
        var whole = new ExampleOrder(9, weights);
        int[] all = IntStream.range(0, 40).map(whole::at).toArray();
        var resumed = new ExampleOrder(9, weights);
        assertThat(IntStream.range(17, 40).map(resumed::at).toArray())
                .isEqualTo(IntStream.range(17, 40).map(i -> all[i]).toArray());
    }
}
