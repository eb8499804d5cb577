package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipVisionTest {
    private static final int WIDTH = 6;
    private static final int HEADS = 2;

    @TempDir private Path folder;
    private TensorScope scope;
    private Rng rng;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        rng = Rng.seeded(4);
    }

    @AfterEach
    void close() {
        rng.close();
        scope.close();
    }

    private static String json(int depth) {
        return """
        {"model_type": "clip_vision_model", "hidden_size": %d, "intermediate_size": 10,
         "num_hidden_layers": %d, "num_attention_heads": %d, "image_size": 4, "patch_size": 2,
         "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "torch_dtype": "float32"}
        """
                .formatted(WIDTH, depth, HEADS);
    }

    private static ClipVision.Config config(int depth) {
        return ClipVision.Config.parse(JsonFile.mapper().readTree(json(depth)), "test");
    }

    /// A network whose every parameter is random.
    private ClipVision network(int depth) {
        var network = new ClipVision(ParameterSource.initialising(rng), config(depth));
        Ops.noGrad(() -> {
            network.parameters().trained().values().forEach(w -> w.copy_(rng.normal(Shapes.of(w))));
            return 0;
        });
        return network;
    }

    private static Tensor of(ClipVision network, String name) {
        return Objects.requireNonNull(network.parameters().all().get(name), name);
    }

    /// Each patch times each kernel, number by number.
    private static Tensor embedded(ClipVision network, Tensor x) {
        float[] pixels = Tensors.floats(x); // [1, 3, 4, 4]
        float[] kernels = Tensors.floats(of(network, "embeddings.patch_embedding.weight"));
        float[] first = Tensors.floats(of(network, "embeddings.class_embedding"));
        float[] places = Tensors.floats(of(network, "embeddings.position_embedding.weight"));
        var tokens = new float[5 * WIDTH];
        for (int n = 0; n < 5; n++) {
            for (int d = 0; d < WIDTH; d++) {
                double sum = places[n * WIDTH + d] + (n == 0 ? first[d] : 0);
                for (int i = 0; n > 0 && i < 12; i++) {
                    int row = (n - 1) / 2 * 2 + i % 4 / 2;
                    int column = (n - 1) % 2 * 2 + i % 2;
                    sum += kernels[d * 12 + i] * pixels[i / 4 * 16 + row * 4 + column];
                }
                tokens[n * WIDTH + d] = (float) sum;
            }
        }
        return norm(network, "pre_layrnorm", Tensors.of(tokens, 1, 5, WIDTH));
    }

    private static Tensor norm(ClipVision network, String name, Tensor x) {
        Tensor centred = x.sub(Ops.mean(x, true, -1));
        Tensor std = Ops.add(Ops.mean(centred.square(), true, -1), 1e-5).sqrt();
        return centred.div(std).mul(of(network, name + ".weight")).add(of(network, name + ".bias"));
    }

    private static Tensor linear(ClipVision network, String name, Tensor x) {
        Tensor weight = of(network, name + ".weight");
        return x.matmul(weight.transpose(0, 1)).add(of(network, name + ".bias"));
    }

    private static Tensor block(ClipVision network, String name, Tensor x) {
        Tensor z = norm(network, name + ".layer_norm1", x);
        String self = name + ".self_attn.";
        Tensor q = heads(linear(network, self + "q_proj", z));
        Tensor k = heads(linear(network, self + "k_proj", z));
        Tensor v = heads(linear(network, self + "v_proj", z));
        Tensor scores = Ops.div(q.matmul(k.transpose(-2, -1)), Math.sqrt(WIDTH / (double) HEADS));
        Tensor seen = Ops.softmax(scores, -1).matmul(v).transpose(1, 2).flatten(2, 3);
        Tensor y = x.add(linear(network, self + "out_proj", seen));
        Tensor h = linear(network, name + ".mlp.fc1", norm(network, name + ".layer_norm2", y));
        return y.add(linear(network, name + ".mlp.fc2", h.mul(Ops.mul(h, 1.702).sigmoid())));
    }

    private static Tensor heads(Tensor x) {
        return x.reshape(1, 5, HEADS, WIDTH / HEADS).transpose(1, 2);
    }

    @Test
    void statesAreThoseBeforeTheLastBlock() {
        Tensor x = rng.normal(1, 3, 4, 4);
        try (ClipVision network = network(3)) {
            Tensor worked =
                    Ops.noGrad(() -> {
                        Tensor h = embedded(network, x);
                        h = block(network, "encoder.layers.0", h);
                        return block(network, "encoder.layers.1", h);
                    });
            Tensor states = Ops.noGrad(() -> network.penultimate(x));
            assertThat(Shapes.of(states)).containsExactly(1, 5, WIDTH);
            double size = Ops.item(worked.abs().max());
            assertThat(Ops.maxAbsDifference(states, worked)).isLessThan(2e-5 * size);
        }
    }

    @Test
    void whatTransformersWritesIsRead() {
        try (ClipVision network = network(2)) {
            var tensors = new LinkedHashMap<String, Tensor>();
            network.parameters().all().forEach((name, w) -> tensors.put("vision_model." + name, w));
            tensors.put("vision_model.embeddings.position_ids", Tensors.range(0, 5));
            tensors.put("visual_projection.weight", rng.normal(3, WIDTH));
            Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
            JsonFile.write(folder.resolve("config.json"), JsonFile.mapper().readTree(json(2)));
            Tensor x = rng.normal(1, 3, 4, 4);
            try (ClipVision read = ClipVision.load(folder, LoadOptions.inference())) {
                Tensor same = Ops.noGrad(() -> network.penultimate(x));
                Tensor again = Ops.noGrad(() -> read.penultimate(x));
                assertThat(Ops.maxAbsDifference(again, same)).isZero();
            }
        }
    }

    @Test
    void whatDoesNotFitIsSaid() {
        assertThatThrownBy(() ->
                        ClipVision.Config.parse(
                                JsonFile.mapper()
                                        .readTree(json(2).replace("_vision_model", "_text_model")),
                                "test"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("model_type");
        assertThatThrownBy(() -> config(0))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("num_hidden_layers");
        try (ClipVision network = network(1)) {
            assertThatThrownBy(() -> network.penultimate(rng.normal(1, 3, 4, 5)))
                    .isInstanceOf(ShapeException.class);
        }
    }
}
