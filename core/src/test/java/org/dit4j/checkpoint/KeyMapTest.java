package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KeyMapTest {
    private static final KeyMap MAP =
            KeyMap.of(
                    KeyMap.rename("in.*", "x_embedder.*"),
                    KeyMap.join("b.{}.qkv.*", "t.{}.q.*", "t.{}.k.*"),
                    KeyMap.share("e.*", "b.{}.e.*", 2));

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private TensorScope scope = TensorScope.open();

    @BeforeEach
    void makeTensors() {
        tensors.put("in.proj.weight", Tensors.of(new float[] {1, 2}, 2));
        tensors.put("t.0.q.weight", Tensors.of(new float[] {1, 2, 3, 4}, 2, 2));
        tensors.put("t.0.k.weight", Tensors.of(new float[] {5, 6, 7, 8}, 2, 2));
        tensors.put("t.12.k.weight", Tensors.of(new float[] {0, 0}, 1, 2));
        tensors.put("t.12.q.weight", Tensors.of(new float[] {9, 9}, 1, 2));
        tensors.put("e.bias", Tensors.of(new float[] {3}, 1));
        tensors.put("other", Tensors.of(new float[] {7}, 1));
    }

    @AfterEach
    void free() {
        scope.close();
    }

    @Test
    void tensorsAreRenamedJoinedAndShared() {
        try (var dict = MAP.apply(StateDict.of(tensors, Map.of()))) {
            assertThat(dict.names())
                    .containsExactly(
                            "x_embedder.proj.weight",
                            "b.0.qkv.weight",
                            "b.12.qkv.weight",
                            "b.0.e.bias",
                            "b.1.e.bias",
                            "other");
            assertThat(Tensors.floats(dict.tensor("b.0.qkv.weight")))
                    .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
            assertThat(dict.entry("b.0.qkv.weight").shape()).containsExactly(4, 2);
            assertThat(Tensors.floats(dict.tensor("b.12.qkv.weight"))).containsExactly(9, 9, 0, 0);
            assertThat(Tensors.floats(dict.tensor("b.1.e.bias"))).containsExactly(3);
        }
    }

    @Test
    void theInverseRestoresEverything() {
        try (var dict = MAP.inverse().apply(MAP.apply(StateDict.of(tensors, Map.of())))) {
            assertThat(dict.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
            tensors.forEach((name, x) -> {
                assertThat(dict.entry(name).shape()).isEqualTo(org.dit4j.tensor.Shapes.of(x));
                assertThat(Tensors.floats(dict.tensor(name))).isEqualTo(Tensors.floats(x));
            });
        }
    }

    @Test
    void aMissingPartOrCopyIsNamed() {
        tensors.remove("t.12.k.weight");
        assertThatThrownBy(() -> MAP.apply(StateDict.of(tensors, Map.of())))
                .hasMessageContaining("there is no tensor \"t.12.k.weight\"");
    }

    @Test
    void copiesThatDifferDoNotBecomeOne() {
        tensors.put("b.0.e.bias", Tensors.of(new float[] {3}, 1));
        tensors.put("b.1.e.bias", Tensors.of(new float[] {4}, 1));
        tensors.remove("e.bias");
        tensors.keySet().removeIf(n -> n.startsWith("t."));
        try (var dict = MAP.inverse().apply(StateDict.of(tensors, Map.of()))) {
            assertThatThrownBy(() -> dict.tensor("e.bias"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith("e.bias: the blocks hold different tensors");
        }
    }

    @Test
    void partsOfDifferentWidthDoNotJoin() {
        tensors.put("t.0.k.weight", Tensors.of(new float[] {5, 6, 7}, 1, 3));
        assertThatThrownBy(() -> MAP.apply(StateDict.of(tensors, Map.of())))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "the parts of b.0.qkv.weight do not fit together: FLOAT32 [2, 2] and"
                                + " FLOAT32 [1, 3]");
    }

    @Test
    void twoTensorsOfOneNameAreRefused() {
        tensors.put("x_embedder.proj.weight", Tensors.of(new float[] {5}, 1));
        assertThatThrownBy(() -> MAP.apply(StateDict.of(tensors, Map.of())))
                .hasMessage("memory: two tensors are x_embedder.proj.weight");
    }
}
