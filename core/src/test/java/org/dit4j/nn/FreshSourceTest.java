package org.dit4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class FreshSourceTest {
    @Test
    void drawsOnTheCpuForEveryDevice() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var same = Rng.seeded(1)) {
            ParameterSource here = ParameterSource.initialising(rng, Dtype.FLOAT32);
            ParameterSource there = ParameterSource.initialising(same, Dtype.FLOAT32, Device.META);
            here.linear("fc", 3, 4);
            there.linear("fc", 3, 4);
            there.buffer("table", Tensors.scalar(1));
            assertThat(there.parameters().device()).isEqualTo(Device.META);
            assertThat(there.parameters().all().values()).allMatch(w -> w.is_meta());
            assertThat(there.parameters().trained().values()).allMatch(w -> w.requires_grad());
            // both generators stand at the same place
            assertThat(Ops.maxAbsDifference(rng.normal(2), same.normal(2))).isZero();
            here.parameters().close();
            there.parameters().close();
        }
    }
}
