package org.dit4j.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.AutoencoderOobleck;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Lora;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.model.DitCheckpoint;
import org.dit4j.model.DitConfigs;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.text.FrozenEncoders;
import org.dit4j.text.TextModel;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A pipeline as a folder, in the arrangement of diffusers:
///
/// ```
/// model_index.json                  the family, and the names of the classes (id2label) if it has any
/// generation_config.json            sampler, steps and guidance to use unless a request says other
/// transformer/config.json, *.safetensors
/// vae/config.json, *.safetensors
/// scheduler/scheduler_config.json   the process of training
/// ```
///
/// @param folder where it is
record PipelineFolder(Path folder) {
    private static final String DIT = "DiTPipeline";
    private static final String BILINGUAL = "BilingualDiTPipeline";
    private static final GenerationDefaults REFERENCE = new GenerationDefaults("", 50, 4);

    /// Reads a pipeline of pictures.
    ///
    /// @param options how the network comes into memory; the autoencoder is float32 always
    Pipeline load(PipelineOptions options) {
        JsonFields fields = index(Medium.PICTURES);
        String family = family(fields);
        boolean own = family.equals(DIT) || family.equals(BILINGUAL);
        ConfigException.require(
                !own || options.controlNets().isEmpty(), PromptFamilies.NO_CONTROL_NET, family);
        return switch (family) {
            case DIT -> dit(fields, options.network());
            case BILINGUAL -> bilingual(options.network());
            default -> prompted(family, options);
        };
    }

    /// Reads a pipeline of videos.
    TextToVideoPipeline loadVideo(LoadOptions options, Residency residency) {
        String name = family(index(Medium.VIDEOS));
        var family = Objects.requireNonNull(ClipFamilies.VIDEOS.get(name));
        LoadOptions routed = routed(options);
        return assemble(
                _ -> family.opener().open(folder, routed, residency),
                plain -> Autoencoder.load(autoencoder(), plain),
                options,
                (network, autoencoder) ->
                        new TextToVideoPipeline(
                                new TextToVideoPipeline.Parts(network, autoencoder, process()),
                                defaults(family.defaults())));
    }

    /// Reads a pipeline of sounds.
    TextToAudioPipeline loadAudio(LoadOptions options, Residency residency) {
        String name = family(index(Medium.SOUNDS));
        var family = Objects.requireNonNull(ClipFamilies.SOUNDS.get(name));
        LoadOptions routed = routed(options);
        return assemble(
                _ -> family.opener().open(folder, routed, residency),
                plain -> AutoencoderOobleck.load(autoencoder(), plain),
                options,
                (network, autoencoder) ->
                        new TextToAudioPipeline(
                                new TextToAudioPipeline.Parts(network, autoencoder, process()),
                                defaults(family.defaults())));
    }

    /// Returns what the model makes.
    Medium medium() {
        return ClipFamilies.medium(family(index()));
    }

    private static String family(JsonFields index) {
        return index.text("_class_name", "");
    }

    private JsonFields index() {
        Path index = folder.resolve("model_index.json");
        ConfigException.require(
                Files.isRegularFile(index), "%s is no model: there is no %s", folder, index);
        return new JsonFields(JsonFile.tree(index), index);
    }

    /// Returns the index of a model that makes what is wanted.
    private JsonFields index(Medium wanted) {
        JsonFields index = index();
        Medium medium = ClipFamilies.medium(family(index));
        ConfigException.require(
                medium == wanted,
                "%s is a model of %s: it makes no %s",
                folder,
                medium.plural(),
                wanted.plural());
        return index;
    }

    /// Returns the options of a network: adapters without what is for others.
    private LoadOptions routed(LoadOptions options) {
        List<Lora> loras = options.loras();
        PromptEncoder.requireEncoders(folder, loras);
        return options.withLoras(
                loras.stream().map(l -> l.only(Set.of(Lora.Part.NETWORK))).toList());
    }

    private Pipeline prompted(String name, PipelineOptions options) {
        PromptFamilies.Family family = PromptFamilies.of(name);
        if (family == null) {
            throw new ConfigException(
                    "%s: _class_name must be one of %s, %s, %s, %s, but is \"%s\""
                            .formatted(
                                    folder.resolve("model_index.json"),
                                    DIT,
                                    BILINGUAL,
                                    String.join(", ", PromptFamilies.names()),
                                    String.join(", ", ClipFamilies.names()),
                                    name));
        }
        var own =
                new PipelineOptions(
                        routed(options.network()), options.residency(), options.controlNets());
        return assemble(
                _ -> family.opener().open(folder, own),
                plain -> Autoencoder.load(autoencoder(), plain),
                options.network(),
                (network, autoencoder) ->
                        new TextToImagePipeline(
                                new TextToImagePipeline.Parts(network, autoencoder, process()),
                                defaults(family.defaults())));
    }

    private Pipeline dit(JsonFields index, LoadOptions options) {
        return assemble(
                DitCheckpoint.open(transformer())::load,
                plain -> AutoencoderKl.load(autoencoder(), plain),
                options,
                (network, autoencoder) ->
                        new DitPipeline(
                                new DitPipeline.Parts(
                                        network,
                                        autoencoder,
                                        process(),
                                        classes(index, network.config().numClasses())),
                                defaults()));
    }

    private Pipeline bilingual(LoadOptions options) {
        var encoders = new FrozenEncoders(BilingualPrompts.ENCODERS);
        encoders.prepare(); // while the networks are being read
        return assemble(
                loading -> BilingualNetwork.load(transformer(), loading),
                plain -> AutoencoderKl.load(autoencoder(), plain),
                options,
                (network, autoencoder) ->
                        new TextToImagePipeline(
                                new TextToImagePipeline.Parts(
                                        new BilingualPrompts(network, encoders),
                                        autoencoder,
                                        process()),
                                defaults()),
                encoders);
    }

    /// Loads network and autoencoder and puts them together; closes them, and what else the
    /// pipeline would own, if that fails.
    private static <N extends AutoCloseable, A extends Autoencoder, P> P assemble(
            Function<LoadOptions, N> loader,
            Function<LoadOptions, A> decoder,
            LoadOptions options,
            BiFunction<N, A, P> maker,
            AutoCloseable... others) {
        N network = null;
        A autoencoder = null;
        boolean done = false;
        try {
            network = loader.apply(options);
            LoadOptions plain = options.withDtype(Dtype.FLOAT32).withLoras(List.of());
            autoencoder = decoder.apply(plain);
            P pipeline = maker.apply(network, autoencoder);
            done = true;
            return pipeline;
        } finally {
            if (!done) {
                close(network);
                close(autoencoder);
                List.of(others).forEach(PipelineFolder::close);
            }
        }
    }

    private Path transformer() {
        return folder.resolve("transformer");
    }

    private Path autoencoder() {
        return folder.resolve("vae");
    }

    private DiffusionProcess process() {
        Path scheduler = folder.resolve("scheduler").resolve("scheduler_config.json");
        return DiffusionProcess.parse(JsonFile.treeOfPython(scheduler), scheduler);
    }

    private GenerationDefaults defaults() {
        return defaults(REFERENCE);
    }

    private GenerationDefaults defaults(GenerationDefaults usual) {
        Path file = folder.resolve("generation_config.json");
        return Files.isRegularFile(file) ? JsonFile.read(file, GenerationDefaults.class) : usual;
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

    /// Writes a class-conditional pipeline, the index last.
    void save(DitPipeline pipeline) {
        DitPipeline.Parts parts = pipeline.parts();
        write(
                parts.network().parameters(),
                DitConfigs.json(parts.network().config()),
                parts.autoencoder(),
                parts.process(),
                pipeline.defaults());
        JsonFile.write(folder.resolve("model_index.json"), index(parts));
    }

    /// Writes a text-conditional pipeline, the index last. The encoders are named, not written.
    ///
    /// @throws ConfigException if its network is none that this library trains
    void save(TextToImagePipeline pipeline) {
        TextToImagePipeline.Parts parts = pipeline.parts();
        if (!(parts.network() instanceof BilingualPrompts(BilingualNetwork network, var _))) {
            throw new ConfigException("only pipelines with the two text encoders can be written");
        }
        write(
                network.parameters(),
                network.json(),
                parts.autoencoder(),
                parts.process(),
                pipeline.defaults());
        var index = new LinkedHashMap<String, Object>();
        index.put("_class_name", BILINGUAL);
        index.put("scheduler", List.of("dit4j", "DiffusionProcess"));
        index.put("text_encoder", List.of("dit4j", TextModel.BGE_SMALL_ZH.id()));
        index.put("text_encoder_2", List.of("dit4j", TextModel.BGE_SMALL_EN.id()));
        String name = network instanceof BilingualMmDit ? "MmDit" : "HunyuanDit";
        index.put("transformer", List.of("dit4j", name));
        index.put("vae", List.of("diffusers", "AutoencoderKL"));
        JsonFile.write(folder.resolve("model_index.json"), index);
    }

    private void write(
            Parameters network,
            Object config,
            Autoencoder autoencoder,
            DiffusionProcess process,
            GenerationDefaults defaults) {
        Safetensors.write(
                transformer().resolve("diffusion_pytorch_model.safetensors"),
                network.all(),
                Map.of());
        JsonFile.write(transformer().resolve("config.json"), config);
        switch (autoencoder) {
            case AutoencoderKl kl ->
                    AutoencoderKl.save(autoencoder(), kl.config(), kl.parameters().all());
            case Autoencoder other ->
                    throw new ConfigException(
                            "a pipeline with %s cannot be written; only AutoencoderKL can"
                                    .formatted(other.getClass().getSimpleName()));
        }
        JsonFile.write(
                folder.resolve("scheduler").resolve("scheduler_config.json"), process.json());
        JsonFile.write(folder.resolve("generation_config.json"), defaults);
    }

    private static Map<String, Object> index(DitPipeline.Parts parts) {
        var index = new LinkedHashMap<String, Object>();
        index.put("_class_name", DIT);
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

    static void close(@Nullable AutoCloseable network) {
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
