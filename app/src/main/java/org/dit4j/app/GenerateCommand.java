package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dit4j.ConfigException;
import org.dit4j.app.language.PromptEnhancer;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Picture;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.MediaPipeline;
import org.dit4j.pipeline.Medium;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.pipeline.Residency;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j generate`.
@Command(
        name = "generate",
        description = {
            "Generate pictures, videos or sounds.",
            "",
            "The same seed gives the same bytes on the same device; noise is drawn on the CPU, so"
                    + " devices differ by rounding only. What was asked for is written into the text"
                    + " chunks of each PNG."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j generate \"红色的心\" -o heart.png",
            "  dit4j generate --class \"cat faces\" --count 4 -o cats.png",
            "  dit4j generate --model emoji --class heart --class food-fruit --count 4 --seed 7 -o grid.png",
            "  dit4j generate --model emoji --class 12 --count 100 -o pictures/",
            "  dit4j generate --model out/emoji/model --class flag --steps 50 --guidance 2 -o flag.png",
            "  dit4j generate \"a red heart\" --steps 50 --cache-budget 35dB -o heart.png",
            "  dit4j generate --model DIR \"a red heart\" --device cuda:1 --precision bf16 -o heart.png",
            "  dit4j generate --model DIR \"a red heart\" --lora style.safetensors:0.8 -o heart.png",
            "  dit4j generate --model DIR \"a red heart\" --image old.png --strength 0.5 -o heart.png",
            "  dit4j generate --model DIR \"a cat walks\" --frames 33 -o cat.mp4",
            "  dit4j generate --model DIR \"the cat runs\" --image cat.png -o cat.mp4",
            "  dit4j generate --model DIR \"a house\" --controlnet EDGES --control edges.png --controlnet DEPTH --control depth.png -o house.png",
            "  dit4j generate --model DIR \"birds in a forest\" --seconds 10 -o birds.wav",
            "  dit4j generate --model DIR \"a red heart\" --enhance --llm ollama:http://localhost:11434 --llm-model NAME -o heart.png"
        })
final class GenerateCommand implements Callable<Integer> {

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(
            arity = "0..1",
            paramLabel = "PROMPT",
            description = "What to show. A class-conditional model takes the name of a class.")
    private String prompt = "";

    @Option(
            names = "--model",
            paramLabel = "NAME|DIR",
            description =
                    "A model that ships (see `dit4j models`), a folder, or OWNER/NAME of a pulled model;"
                            + " ${DEFAULT-VALUE} if not given.")
    private String model = ModelFolders.DEFAULT;

    @Option(
            names = "--class",
            paramLabel = "NAME|ID",
            description = "A class to show; may be given several times.")
    private List<String> classes = new ArrayList<>();

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "Pictures of each class; ${DEFAULT-VALUE} if not given.")
    private int count = 1;

    @Mixin private SamplingOptions sampling = new SamplingOptions();

    @Mixin private GuideOptions guides = new GuideOptions();

    @Mixin private CacheOptions caches = new CacheOptions();

    @Mixin private LoraOptions adapters = new LoraOptions();

    @Mixin private ImageOptions images = new ImageOptions();

    @Mixin private ClipOptions clips = new ClipOptions();

    @Option(
            names = "--size",
            paramLabel = "WxH",
            description = "Size in pixels; what the model was trained with if not given.")
    private String size = "";

    @Option(
            names = "--exact-size",
            description =
                    "Draw in --size itself, also with models that were trained on a list of sizes:"
                            + " else they draw in the nearest of them, and the picture is cut.")
    private boolean exactSize;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE|DIR/",
            description =
                    "One .png, a grid if there are several pictures; of a video an .mp4 (H.264), an"
                            + " animated .webp (lossless) or a .gif; a .wav of a sound; or a folder"
                            + " (an existing one, or a name that ends in /) for a file each, of a"
                            + " video one for the PNG files of its frames.")
    private String out = "";

    @Option(
            names = "--enhance",
            description = "Have a language model rewrite the prompt first; needs --llm.")
    private boolean enhance;

    @Mixin private LanguageModelOptions languageModel = new LanguageModelOptions();

    @Option(names = "--json", description = "Print what was made as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        GenerationRequest bare = request();
        Optional<PromptEnhancer> enhancer = enhancer();
        Path folder = ModelFolders.shipped().find(model);
        LoadOptions options = adapters.applied(sampling.loading());
        Medium medium = Pipelines.medium(folder);
        double rate = clips.rate(medium);
        caches.requireMeasurable(medium);
        GenerationRequest asked = images.applied(bare, medium);
        switch (medium) {
            case PICTURES -> {
                var format = fitting(new OutputFormat.Png(), asked);
                generate(Pipelines.load(folder, images.applied(options)), format, asked, enhancer);
            }
            case VIDEOS -> {
                var format = fitting(OutputFormat.Clip.of(out, rate), asked);
                var pipeline = Pipelines.loadVideo(folder, options, Residency.RELEASE);
                generate(pipeline, format, asked, enhancer);
            }
            case SOUNDS -> {
                var format = fitting(new OutputFormat.Wav(), asked);
                var pipeline = Pipelines.loadAudio(folder, options, Residency.RELEASE);
                generate(pipeline, format, asked, enhancer);
            }
        }
        return 0;
    }

    /// Returns the format if `-o` names a file of it that can hold everything, or a folder.
    private <F extends OutputFormat<?>> F fitting(F format, GenerationRequest asked) {
        if (!GenerationFiles.single(out)) {
            return format;
        }
        if (format.endings().stream().noneMatch(out::endsWith)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "this is a model of %s: -o must be %s, not %s"
                            .formatted(format.medium().plural(), format.usage(), out));
        }
        format.requireRoom(asked.pictures());
        return format;
    }

    private <T> void generate(
            MediaPipeline<T> opened,
            OutputFormat<T> format,
            GenerationRequest asked,
            Optional<PromptEnhancer> enhancer) {
        try (MediaPipeline<T> pipeline = opened;
                var progress = new SamplingProgress(spec.commandLine().getErr())) {
            requireWords(pipeline);
            GenerationRequest request = asked;
            if (enhancer.isPresent()) {
                request = enhanced(asked, pipeline, enhancer.get());
            }
            var network =
                    new GenerationFiles.Network(model, adapters.loras(), sampling.precision());
            if (caches.budgeted()) {
                request = choice(pipeline, network).within(caches.decibel(), request);
            }
            GenerationRequest resolved = pipeline.resolve(request);
            List<T> results = pipeline.generate(request, progress);
            String original = enhance ? prompt : "";
            var files =
                    new GenerationFiles(
                            out, network, original, images.text(format.medium()), resolved);
            report(files.text(), files.write(format, results), format.medium().plural());
            if (caches.measured()) {
                var pictures = results.stream().map(Picture.class::cast).toList();
                choice(pipeline, network).measure(request, pictures);
            }
        }
    }

    private CacheChoice choice(MediaPipeline<?> pipeline, GenerationFiles.Network network) {
        Path folder = ModelFolders.shipped().find(model);
        PrintWriter err = spec.commandLine().getErr();
        return CacheChoice.of((Pipeline) pipeline, folder, network.variant(), err);
    }

    /// The number of a class is no prompt.
    private void requireWords(MediaPipeline<?> pipeline) {
        for (String name : classes) {
            ConfigException.require(
                    pipeline instanceof DitPipeline || !name.matches("\\d+"),
                    "--class %s is a number, but the model %s takes words: say what to show, or name a class-conditional --model",
                    name,
                    model);
        }
    }

    private Optional<PromptEnhancer> enhancer() {
        if (!enhance) {
            if (languageModel.given()) {
                throw new ParameterException(spec.commandLine(), "--llm is for --enhance");
            }
            return Optional.empty();
        }
        if (prompt.isEmpty() || !classes.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "--enhance rewrites a PROMPT, not the name of a --class");
        }
        PromptEnhancer.requirePlain(prompt);
        return Optional.of(new PromptEnhancer(languageModel.connect("--enhance")));
    }

    private GenerationRequest enhanced(
            GenerationRequest request, MediaPipeline<?> pipeline, PromptEnhancer enhancer) {
        ConfigException.require(
                !(pipeline instanceof DitPipeline),
                "--enhance rewrites prompts, but the model %s takes the names of classes",
                model);
        pipeline.resolve(request); // what the model cannot do is said before anybody is asked
        String rewritten = enhancer.enhance(prompt);
        spec.commandLine().getErr().println("prompt: " + rewritten);
        return request.withPrompts(List.of(rewritten));
    }

    private GenerationRequest request() {
        var wanted = new ArrayList<>(classes);
        if (!prompt.isEmpty()) {
            wanted.add(prompt);
        }
        if (wanted.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "say what to show: --class NAME, or a prompt");
        }
        GenerationRequest bare =
                GenerationRequest.ofClasses(wanted.toArray(String[]::new)).withCount(count);
        GenerationRequest request =
                clips.applied(caches.applied(guides.applied(sampling.applied(bare))));
        request = exactSize ? request.withExactSize() : request;
        if (size.isEmpty()) {
            return request;
        }
        if (!size.matches("[1-9]\\d{0,4}x[1-9]\\d{0,4}")) {
            throw new ParameterException(
                    spec.commandLine(), "--size must look like 96x64 but is " + size);
        }
        String[] sides = size.split("x", 2);
        return request.withSize(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]));
    }

    private void report(Map<String, String> request, List<Path> files, String medium) {
        PrintWriter print = spec.commandLine().getOut();
        if (json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("files", files.stream().map(Path::toString).toList());
            map.put("request", request);
            print.println(JsonFile.mapper().writeValueAsString(map));
        } else if (files.size() == 1) {
            print.println(files.getFirst());
        } else {
            print.println(files.size() + " " + medium + " in " + out);
        }
    }
}
