package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TurnTest {
    @Test
    void oneThreadComputesAtATime() throws InterruptedException {
        var inside = new AtomicInteger();
        var most = new AtomicInteger();
        Callable<Integer> task =
                () ->
                        Turn.take(() -> {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            Thread.onSpinWait();
                            return inside.decrementAndGet();
                        });
        try (var threads = Executors.newFixedThreadPool(4)) {
            threads.invokeAll(IntStream.range(0, 200).mapToObj(_ -> task).toList());
            threads.shutdown();
            assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(most).hasValue(1);
    }

    @Test
    void aTurnWithinATurnAndAfterAnError() {
        assertThat(Turn.<Integer>take(() -> Turn.take(() -> 7))).isEqualTo(7);
        assertThatThrownBy(() ->
                        Turn.take(() -> {
                            throw new IllegalStateException("bad");
                        }))
                .hasMessage("bad");
        assertThat(Turn.<Integer>take(() -> 8)).isEqualTo(8);
    }
}
