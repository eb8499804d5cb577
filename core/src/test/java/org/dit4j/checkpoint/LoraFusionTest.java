package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraFusionTest {
    private static final String QKV = "blocks.0.attn_in.qk.weight";
    private static final KeyMap MAP =
            KeyMap.of(
                    KeyMap.join("blocks.{}.attn_in.qk.*", "t.{}.q.*", "t.{}.k.*"),
                    KeyMap.rename("patch.*", "embed.*"));

    @TempDir private Path folder = Path.of("");
    private final TensorScope scope = TensorScope.open();
    private final Map<String, Tensor> weights = new LinkedHashMap<>();

    @AfterEach
    void free() {
        scope.close();
    }

    /// Tensors of a network that joins two layers, in the layout of its file mapped to its own.
    private StateDict network() {
        weights.put("t.0.q.weight", Tensors.of(new float[] {1, 2, 3, 4}, 2, 2));
        weights.put("t.0.k.weight", Tensors.of(new float[] {5, 6, 7, 8}, 2, 2));
        weights.put("t.0.q.bias", Tensors.of(new float[] {1, 1}, 2));
        weights.put("t.0.k.bias", Tensors.of(new float[] {1, 1}, 2));
        weights.put("patch.weight", Tensors.of(new float[] {1, 1, 1, 1}, 1, 1, 2, 2));
        return MAP.apply(StateDict.of(weights, Map.of()));
    }

    private Lora lora(double scale, Map<String, Tensor> tensors, Map<String, String> metadata) {
        Path file = folder.resolve("lora" + tensors.hashCode() + ".safetensors");
        Safetensors.write(file, tensors, metadata);
        return new Lora(file, scale);
    }

    private static Map<String, Tensor> factors(String down, String up, float a) {
        var tensors = new LinkedHashMap<String, Tensor>();
        tensors.put(down, Tensors.of(new float[] {a, 2 * a, 0, 0}, 2, 2));
        tensors.put(up, Tensors.of(new float[] {1, 0, 10, 0}, 2, 2));
        return tensors; // up times down is {{a, 2a}, {10a, 20a}}
    }

    private static Map<String, Tensor> peft(String layer, float a) {
        return factors(layer + ".lora_A.weight", layer + ".lora_B.weight", a);
    }

    private float[] fused(String name, Lora... loras) {
        try (var dict = LoraFusion.fuse(network(), List.of(loras))) {
            return Tensors.floats(dict.tensor(name));
        }
    }

    private void assertRefused(Class<? extends Exception> type, String message, Lora lora) {
        try (var dict = network()) {
            assertThatThrownBy(() -> LoraFusion.fuse(dict, List.of(lora)))
                    .isInstanceOf(type)
                    .hasMessageContaining(message);
            assertThat(Tensors.floats(dict.tensor("embed.weight"))).containsExactly(1, 1, 1, 1);
        }
    }

    @Test
    void layersOfTheFileAreUpdatedBeforeTheyAreJoined() {
        Lora onK = lora(0.5, peft("transformer.t.0.k", 1), Map.of());
        assertThat(fused(QKV, onK)).containsExactly(1, 2, 3, 4, 5.5f, 7, 12, 18);
    }

    @Test
    void severalFilesAddUpWhateverTheirNames() {
        Lora onQ = lora(2, peft("base_model.model.t.0.q", 1), Map.of());
        Lora again = lora(-1, peft("t.0.q", 1), Map.of());
        var whole = new LinkedHashMap<String, Tensor>();
        String flat = "lora_unet_blocks_0_attn_in_qk";
        whole.put(flat + ".lora_down.weight", Tensors.of(new float[] {1, 1}, 1, 2));
        whole.put(flat + ".lora_up.weight", Tensors.of(new float[] {0, 0, 0, 1}, 4, 1));
        whole.put(flat + ".alpha", Tensors.of(new float[] {0.5f}));
        assertThat(fused(QKV, onQ, again, lora(1, whole, Map.of())))
                .containsExactly(2, 4, 13, 24, 5, 6, 7.5f, 8.5f);
    }

    @Test
    void theAlphaOfTheConfigurationCounts() {
        Map<String, String> eight = configuration("\"transformer.lora_alpha\": 8");
        Lora all = lora(1, peft("transformer.t.0.q", 1), eight); // 8 / 2
        assertThat(fused(QKV, all)).startsWith(5, 10, 43, 84);
        Lora root =
                lora(
                        Math.sqrt(2),
                        peft("transformer.t.0.q", 0.5f),
                        configuration("\"lora_alpha\": 2, \"use_rslora\": true"));
        assertThat(fused(QKV, root)).startsWith(2, 4, 13, 24);
        Lora own =
                lora(
                        1,
                        peft("transformer.t.0.q", 2),
                        configuration("\"lora_alpha\": 8, \"alpha_pattern\": {\"0.q\": 1}"));
        assertThat(fused(QKV, own)).startsWith(2, 4, 13, 24);
    }

    private static Map<String, String> configuration(String fields) {
        return Map.of("lora_adapter_metadata", "{" + fields + "}");
    }

    @Test
    void partsOfAPipelineAreToldApart() {
        Map<String, Tensor> tensors = peft("transformer.t.0.q", 1);
        tensors.putAll(peft("text_encoder.t.0.k", 1));
        tensors.putAll(
                factors("lora_te3_t_0_k.lora_down.weight", "lora_te3_t_0_k.lora_up.weight", 2));
        Map<String, String> four = configuration("\"text_encoder.lora_alpha\": 4");
        Lora lora = lora(1, tensors, four);
        assertThat(lora.contents())
                .containsExactlyInAnyOrder(
                        Lora.Part.NETWORK, Lora.Part.TEXT_ENCODER, Lora.Part.TEXT_ENCODER_3);
        assertThat(fused(QKV, lora.only(Set.of(Lora.Part.NETWORK))))
                .containsExactly(2, 4, 13, 24, 5, 6, 7, 8);
        assertThat(fused(QKV, lora.only(Set.of(Lora.Part.TEXT_ENCODER))))
                .containsExactly(1, 2, 3, 4, 7, 10, 27, 48);
        assertThat(
                        fused(
                                QKV,
                                lora.only(
                                        Set.of(
                                                Lora.Part.TEXT_ENCODER_2,
                                                Lora.Part.TEXT_ENCODER_3))))
                .containsExactly(1, 2, 3, 4, 7, 10, 27, 48);
        assertThat(fused(QKV, lora.only(Set.of(Lora.Part.TEXT_ENCODER_2))))
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void aConvolutionIsUpdated() {
        var tensors = new LinkedHashMap<String, Tensor>();
        tensors.put("patch.lora_A.weight", Tensors.of(new float[] {1, 2, 3, 4}, 1, 1, 2, 2));
        tensors.put("patch.lora_B.weight", Tensors.of(new float[] {2}, 1, 1, 1, 1));
        assertThat(fused("embed.weight", lora(1, tensors, Map.of()))).containsExactly(3, 5, 7, 9);
    }

    @Test
    void weightsKeepTheirType() {
        Lora onK = lora(0.5, peft("t.0.k", 1), Map.of());
        try (var dict = LoraFusion.fuse(network().to(Dtype.BFLOAT16), List.of(onK))) {
            assertThat(dict.entry(QKV).dtype()).isEqualTo(Dtype.BFLOAT16);
            assertThat(Tensors.floats(Ops.to(dict.tensor(QKV), Dtype.FLOAT32)))
                    .containsExactly(1, 2, 3, 4, 5.5f, 7, 12, 18);
        }
    }

    @Test
    void whatMatchesNoLayerIsNamed() {
        Map<String, Tensor> tensors = peft("transformer.t.0.q", 1);
        tensors.putAll(peft("transformer.t.7.q", 1));
        tensors.put("t.0.q.lora_magnitude_vector", Tensors.of(new float[] {1, 1}, 2));
        assertRefused(
                CheckpointException.class,
                "2 of its names match no layer: transformer.t.7.q, t.0.q.lora_magnitude_vector",
                lora(1, tensors, Map.of()));
    }

    @Test
    void aLayerUnderTwoNamesIsRefused() {
        Map<String, Tensor> tensors = peft("transformer.t.0.q", 1);
        tensors.putAll(peft("t.0.q", 1));
        assertRefused(
                CheckpointException.class, "match no layer: t.0.q", lora(1, tensors, Map.of()));
    }

    @Test
    void aSingleFactorIsRefused() {
        Map<String, Tensor> tensors = peft("t.0.q", 1);
        tensors.remove("t.0.q.lora_B.weight");
        assertRefused(
                CheckpointException.class,
                "t.0.q has one of the two factors only",
                lora(1, tensors, Map.of()));
    }

    @Test
    void factorsOfAnotherShapeAreRefused() {
        Map<String, Tensor> tensors = peft("t.0.q", 1);
        tensors.put("t.0.q.lora_B.weight", Tensors.of(new float[] {1, 0, 1, 0, 1, 0}, 3, 2));
        assertRefused(
                CheckpointException.class,
                "t.0.q: [3, 2] times [2, 2] does not fit the weight FLOAT32 [2, 2]",
                lora(1, tensors, Map.of()));
    }

    @Test
    void otherKindsOfAdaptersAreRefused() {
        assertRefused(
                ConfigException.class,
                "there is no code for use_dora",
                lora(1, peft("t.0.q", 1), configuration("\"use_dora\": true")));
        assertRefused(
                ConfigException.class,
                "alpha_pattern must give names of layers a number, but has .*q",
                lora(1, peft("t.0.q", 1), configuration("\"alpha_pattern\": {\".*q\": 1}")));
        assertRefused(
                CheckpointException.class,
                "holds no LoRA",
                lora(1, Map.of("a", Tensors.of(new float[] {1}, 1)), Map.of()));
    }
}
