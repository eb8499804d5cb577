package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Lora;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An adapter does the same to a network whatever the layout of its file.
class LoraLayoutsTest {
    @TempDir private Path folder = Path.of("");

    @Test
    void fluxTakesTheNamesOfDiffusersAndOfTheOriginalCode() {
        var config = new Flux.Config(8, 8, 16, 1, 1, 2, 6, 5, List.of(2, 2, 4), false);
        try (var rng = Rng.seeded(1);
                Flux flux = Flux.initialise(config, rng)) {
            Path theirs = write("theirs", flux.parameters(), FluxLayouts::toDiffusers);
            Path ours = write("ours", flux.parameters(), d -> d);
            JsonFile.write(theirs.resolve("config.json"), FluxConfigs.json(config));
            JsonFile.write(ours.resolve("config.json"), FluxConfigs.json(config));
            String[] layers = {
                "transformer_blocks.0.attn.to_k",
                "transformer_blocks.0.norm1_context.linear",
                "single_transformer_blocks.0.proj_mlp",
                "norm_out.linear"
            };
            Lora lora = adapter(theirs, "transformer.", layers);
            var here = loaded(FluxCheckpoint.open(theirs).load(options(lora)).parameters());
            var there = loaded(FluxCheckpoint.open(ours).load(options(lora)).parameters());
            assertSame(here, there);
            assertChanged(
                    parameters(flux.parameters()),
                    here,
                    "double_blocks.0.img_attn.qkv.weight",
                    "double_blocks.0.txt_mod.lin.weight",
                    "single_blocks.0.linear1.weight",
                    "final_layer.adaLN_modulation.1.weight");
            Lora flat = flat(ours, "single_blocks.0.linear1", "double_blocks.0.img_attn.qkv");
            assertSame(
                    loaded(FluxCheckpoint.open(theirs).load(options(flat)).parameters()),
                    loaded(FluxCheckpoint.open(ours).load(options(flat)).parameters()));
        }
    }

    @Test
    void mmDitTakesTheNamesOfDiffusersAndOfTheOriginalCode() {
        var config = new MmDit.Config(8, 2, 4, 4, 16, 2, 2, 6, 5, 4, MmDit.HeadNorm.RMS, Set.of());
        try (var rng = Rng.seeded(1);
                MmDit dit = MmDit.initialise(config, rng)) {
            Path theirs = write("theirs", dit.parameters(), MmDitLayouts::toDiffusers);
            Path ours = write("ours", dit.parameters(), d -> d);
            JsonFile.write(theirs.resolve("config.json"), MmDitConfigs.json(config));
            JsonFile.write(ours.resolve("config.json"), MmDitConfigs.json(config));
            String[] layers = {
                "transformer_blocks.1.attn.add_v_proj", "transformer_blocks.1.norm1_context.linear"
            };
            Lora lora = adapter(theirs, "", layers);
            var here = loaded(MmDitCheckpoint.open(theirs).load(options(lora)).parameters());
            var there = loaded(MmDitCheckpoint.open(ours).load(options(lora)).parameters());
            assertSame(here, there);
            assertChanged(
                    parameters(dit.parameters()),
                    here,
                    "joint_blocks.1.context_block.attn.qkv.weight",
                    "joint_blocks.1.context_block.adaLN_modulation.1.weight");
        }
    }

    private static LoadOptions options(Lora lora) {
        return LoadOptions.inference().withLoras(List.of(lora));
    }

    private Path write(String name, Parameters parameters, UnaryOperator<StateDict> naming) {
        Path file = folder.resolve(name).resolve("diffusion_pytorch_model.safetensors");
        var tensors = new LinkedHashMap<String, Tensor>();
        try (var dict = naming.apply(StateDict.of(parameters.all(), Map.of()))) {
            dict.names().forEach(n -> tensors.put(n, dict.tensor(n)));
            Safetensors.write(file, tensors, Map.of());
        }
        return folder.resolve(name);
    }

    private Lora adapter(Path network, String prefix, String... layers) {
        return adapter(network, "lora_A", "lora_B", n -> prefix + n, layers);
    }

    private Lora flat(Path network, String... layers) {
        UnaryOperator<String> naming = n -> "lora_unet_" + n.replace('.', '_');
        return adapter(network, "lora_down", "lora_up", naming, layers);
    }

    private Lora adapter(
            Path network, String down, String up, UnaryOperator<String> naming, String... layers) {
        Path file = folder.resolve(down + ".safetensors");
        var tensors = new LinkedHashMap<String, Tensor>();
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2);
                var dict = StateDict.open(network)) {
            for (String layer : layers) {
                long[] shape = dict.entry(layer + ".weight").shape();
                String name = naming.apply(layer);
                tensors.put(name + "." + down + ".weight", rng.normal(3, shape[1]));
                tensors.put(name + "." + up + ".weight", rng.normal(shape[0], 3));
            }
            Safetensors.write(file, tensors, Map.of());
        }
        return new Lora(file, 0.5);
    }

    /// Copies of all parameters, which are then closed.
    private static Map<String, float[]> loaded(Parameters parameters) {
        try (parameters) {
            return parameters(parameters);
        }
    }

    private static Map<String, float[]> parameters(Parameters parameters) {
        var values = new HashMap<String, float[]>();
        try (var _ = TensorScope.open()) {
            parameters
                    .all()
                    .forEach((name, x) ->
                            values.put(name, Tensors.floats(Ops.to(x.detach(), Dtype.FLOAT32))));
        }
        return values;
    }

    private static void assertSame(Map<String, float[]> a, Map<String, float[]> b) {
        assertThat(a.keySet()).isEqualTo(b.keySet());
        a.forEach((name, x) -> assertThat(b.get(name)).as(name).isEqualTo(x));
    }

    private static void assertChanged(
            Map<String, float[]> before, Map<String, float[]> after, String... names) {
        var changed = new java.util.HashSet<String>();
        before.forEach((name, x) -> {
            if (!java.util.Arrays.equals(x, after.get(name))) {
                changed.add(name);
            }
        });
        assertThat(changed).containsExactlyInAnyOrder(names);
    }
}
