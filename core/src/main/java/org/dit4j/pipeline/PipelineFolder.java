package org.dit4j.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.AutoencoderTiny;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.model.Dit;
import org.dit4j.model.DitCheckpoint;
import org.dit4j.model.DitConfigs;
import org.dit4j.tensor.Dtype;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A pipeline as a folder, in the arrangement of diffusers:
///
/// ```
/// model_index.json                  the family, and the names of the classes (id2label)
/// generation_config.json            sampler, steps and guidance to use unless a request says other
/// transformer/config.json, *.safetensors
/// vae/config.json, *.safetensors
/// scheduler/scheduler_config.json   the process of training
/// ```
///
/// @param folder where it is
record PipelineFolder(Path folder) {
    private static final GenerationDefaults REFERENCE = new GenerationDefaults("", 50, 4);

    /// Reads a pipeline.
    ///
    /// @param options how the network comes into memory; the autoencoder is float32 always
    DitPipeline load(LoadOptions options) {
        Path index = folder.resolve("model_index.json");
        ConfigException.require(
                Files.isRegularFile(index), "%s is no model: there is no %s", folder, index);
        var fields = new JsonFields(JsonFile.tree(index), index);
        fields.require("_class_name", "DiTPipeline");
        Path scheduler = folder.resolve("scheduler").resolve("scheduler_config.json");
        DiffusionProcess process =
                DiffusionProcess.parse(JsonFile.treeOfPython(scheduler), scheduler);
        Dit network = null;
        AutoencoderKl autoencoder = null;
        boolean done = false;
        try {
            network = network(options);
            autoencoder =
                    AutoencoderKl.load(folder.resolve("vae"), options.withDtype(Dtype.FLOAT32));
            var parts =
                    new DitPipeline.Parts(
                            network,
                            autoencoder,
                            process,
                            classes(fields, network.config().numClasses()));
            var pipeline = new DitPipeline(parts, defaults());
            done = true;
            return pipeline;
        } finally {
            if (!done) {
                close(network);
                close(autoencoder);
            }
        }
    }

    private Dit network(LoadOptions options) {
        return DitCheckpoint.open(folder.resolve("transformer")).load(options);
    }

    private GenerationDefaults defaults() {
        Path file = folder.resolve("generation_config.json");
        return Files.isRegularFile(file)
                ? JsonFile.read(file, GenerationDefaults.class)
                : REFERENCE;
    }

    private static ClassNames classes(JsonFields index, int count) {
        var names = new ArrayList<String>();
        if (!index.has("id2label")) {
            for (int i = 0; i < count; i++) {
                names.add(Integer.toString(i));
            }
            return new ClassNames(names);
        }
        JsonNode labels = index.tree("id2label");
        for (int i = 0; i < labels.size(); i++) {
            JsonNode label = labels.get(Integer.toString(i));
            ConfigException.require(
                    label != null && label.isString(),
                    "id2label has no name for class %d, though it has %d names",
                    i,
                    labels.size());
            names.add(label.asString());
        }
        return new ClassNames(names);
    }

    /// Writes a pipeline, the index last.
    void save(DitPipeline pipeline) {
        DitPipeline.Parts parts = pipeline.parts();
        Path transformer = folder.resolve("transformer");
        Safetensors.write(
                transformer.resolve("diffusion_pytorch_model.safetensors"),
                parts.network().parameters().all(),
                Map.of());
        JsonFile.write(
                transformer.resolve("config.json"), DitConfigs.json(parts.network().config()));
        switch (parts.autoencoder()) {
            case AutoencoderKl kl ->
                    AutoencoderKl.save(folder.resolve("vae"), kl.config(), kl.parameters().all());
            case AutoencoderTiny tiny ->
                    throw new ConfigException(
                            "a pipeline with %s cannot be written; only AutoencoderKL can"
                                    .formatted(tiny.getClass().getSimpleName()));
        }
        JsonFile.write(
                folder.resolve("scheduler").resolve("scheduler_config.json"),
                parts.process().json());
        JsonFile.write(folder.resolve("generation_config.json"), pipeline.defaults());
        JsonFile.write(folder.resolve("model_index.json"), index(parts));
    }

    private static Map<String, Object> index(DitPipeline.Parts parts) {
        var index = new LinkedHashMap<String, Object>();
        index.put("_class_name", "DiTPipeline");
        var labels = new LinkedHashMap<String, String>();
        for (int i = 0; i < parts.classes().names().size(); i++) {
            labels.put(Integer.toString(i), parts.classes().names().get(i));
        }
        index.put("id2label", labels);
        index.put("scheduler", List.of("diffusers", "DPMSolverMultistepScheduler"));
        index.put("transformer", List.of("dit4j", "Dit"));
        index.put("vae", List.of("diffusers", "AutoencoderKL"));
        return index;
    }

    private static void close(@Nullable AutoCloseable network) {
        if (network == null) {
            return;
        }
        try {
            network.close();
        } catch (Exception e) {
            throw new CheckpointException("could not close the network", e);
        }
    }
}
