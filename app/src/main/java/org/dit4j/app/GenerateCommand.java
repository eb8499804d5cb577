package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Files;
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
import org.dit4j.data.Grid;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Guide;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.pipeline.Pipelines;
import org.dit4j.train.RunConfig.Precision;
import org.jspecify.annotations.Nullable;
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
            "Generate pictures.",
            "",
            "The same seed gives the same bytes. What was asked for is written into the text"
                    + " chunks of each PNG."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j generate --class \"cat faces\" -o cats.png",
            "  dit4j generate --class cat-face --class food-fruit --count 4 --seed 7 -o grid.png",
            "  dit4j generate --class 12 --count 100 -o pictures/",
            "  dit4j generate --model out/emoji/model --class flag --steps 50 --guidance 2 -o flag.png",
            "  dit4j generate --model DIR \"a red heart\" --enhance --llm ollama:http://localhost:11434 --llm-model NAME -o heart.png"
        })
final class GenerateCommand implements Callable<Integer> {
    private static final int MOST_NAME = 40; // letters of the prompt in a file's name

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
                    "A model that ships (see `dit4j models`) or a folder; ${DEFAULT-VALUE} if not given.")
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

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Seed of the noise; ${DEFAULT-VALUE} if not given.")
    private long seed;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Steps of the sampler; the model's own number if not given.")
    private @Nullable Integer steps;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description = "Scale of classifier-free guidance, 1 for none.")
    private @Nullable Double guidance;

    @Option(
            names = "--negative",
            paramLabel = "PROMPT",
            description = "What the pictures are led away from.")
    private String negative = "";

    @Option(
            names = "--guidance-rescale",
            paramLabel = "PHI",
            description =
                    "How much of the growth of contrast by guidance is taken back, 0 to 1;"
                            + " ${DEFAULT-VALUE} if not given.")
    private double rescale;

    @Option(
            names = "--guidance-interval",
            paramLabel = "FROM:TO",
            description =
                    "Guide only while the noise level is between these, 0 (the picture) to 1 (the"
                            + " noise).")
    private String interval = "";

    @Option(
            names = "--sampler",
            paramLabel = "NAME",
            description =
                    "ddpm, ddim, dpm++2m, unipc, euler, heun and others, as the model's process"
                            + " allows; a wrong name lists them.")
    private String sampler = "";

    @Option(
            names = "--size",
            paramLabel = "WxH",
            description = "Size in pixels; what the model was trained with if not given.")
    private String size = "";

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "fp32 or bf16; ${DEFAULT-VALUE} if not given.")
    private Precision precision = Precision.FP32;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE.png|DIR/",
            description =
                    "One PNG, a grid if there are several pictures; or a folder (an existing one, or"
                            + " a name that ends in /) for a file each.")
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
        GenerationRequest asked = request();
        Optional<PromptEnhancer> enhancer = enhancer();
        Path folder = ModelFolders.shipped().find(model);
        LoadOptions options = LoadOptions.inference().withDtype(precision.dtype());
        boolean single = !out.endsWith("/") && !Files.isDirectory(Path.of(out));
        if (single && !out.endsWith(".png")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "-o must be a .png file or a folder (ending in /), not " + out);
        }
        try (Pipeline pipeline = Pipelines.load(folder, options);
                var progress = new SamplingProgress(spec.commandLine().getErr())) {
            GenerationRequest request = asked;
            if (enhancer.isPresent()) {
                request = enhanced(asked, pipeline, enhancer.get());
            }
            GenerationRequest resolved = pipeline.resolve(request);
            pipeline.remarks(resolved).forEach(spec.commandLine().getErr()::println);
            List<Picture> pictures = pipeline.generate(resolved, progress);
            Map<String, String> text = text(resolved);
            report(
                    resolved,
                    single
                            ? writeOne(pictures, resolved, text)
                            : writeAll(pictures, resolved, text));
        }
        return 0;
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
            GenerationRequest request, Pipeline pipeline, PromptEnhancer enhancer) {
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
        var request =
                GenerationRequest.ofClasses(wanted.toArray(String[]::new))
                        .withCount(count)
                        .withSeed(seed)
                        .withSteps(given("--steps", steps).intValue())
                        .withGuide(guide())
                        .withSampler(sampler);
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

    private Guide guide() {
        var guide =
                Guide.DEFAULT
                        .withScale(given("--guidance", guidance).doubleValue())
                        .withNegative(negative)
                        .withRescale(rescale);
        if (interval.isEmpty()) {
            return guide;
        }
        if (!interval.matches("[01]?(\\.\\d{1,9})?:[01]?(\\.\\d{1,9})?")
                || interval.startsWith(":")
                || interval.endsWith(":")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--guidance-interval must look like 0.2:0.9 but is " + interval);
        }
        String[] ends = interval.split(":", 2);
        return guide.during(Double.parseDouble(ends[0]), Double.parseDouble(ends[1]));
    }

    /// Returns the number, or 0 if none was given.
    private static Number given(String option, @Nullable Number value) {
        if (value == null) {
            return 0;
        }
        ConfigException.require(
                value.doubleValue() > 0, "%s must be above 0 but is %s", option, value);
        return value;
    }

    /// What goes into the PNG: enough to make it again.
    private Map<String, String> text(GenerationRequest r) {
        var text = new LinkedHashMap<String, String>();
        text.put("Software", "dit4j");
        text.put("model", model);
        text.put("prompt", String.join(", ", r.prompts()));
        if (enhance) {
            text.put("original_prompt", prompt);
        }
        if (!r.guide().negative().isEmpty()) {
            text.put("negative", r.guide().negative());
        }
        text.put("count", Integer.toString(r.count()));
        text.put("seed", Long.toString(r.seed()));
        text.put("steps", Integer.toString(r.steps()));
        text.put("guidance", Double.toString(r.guide().scale()));
        if (r.guide().rescale() > 0) {
            text.put("guidance_rescale", Double.toString(r.guide().rescale()));
        }
        if (r.guide().from() > 0 || r.guide().to() < 1) {
            text.put("guidance_interval", r.guide().from() + ":" + r.guide().to());
        }
        text.put("sampler", r.sampler());
        text.put("size", r.width() + "x" + r.height());
        text.put("precision", precision == Precision.FP32 ? "fp32" : "bf16");
        return text;
    }

    private List<Path> writeOne(
            List<Picture> pictures, GenerationRequest r, Map<String, String> text) {
        Path file = Path.of(out);
        int columns = r.count() > 1 ? r.count() : r.prompts().size();
        PictureFile.write(
                file,
                pictures.size() == 1 ? pictures.getFirst() : Grid.of(pictures, columns),
                text);
        return List.of(file);
    }

    private List<Path> writeAll(
            List<Picture> pictures, GenerationRequest r, Map<String, String> text) {
        var files = new ArrayList<Path>();
        for (int i = 0; i < pictures.size(); i++) {
            String name = r.prompts().get(i / r.count());
            String safe = fileName(name);
            Path file =
                    Path.of(out).resolve("%s-%d-%04d.png".formatted(safe, r.seed(), i % r.count()));
            var own = new LinkedHashMap<>(text);
            own.put("prompt", name);
            own.put("index", Integer.toString(i));
            PictureFile.write(file, pictures.get(i), own);
            files.add(file);
        }
        return files;
    }

    /// A prompt as a part of a file's name: letters, digits and hyphens, not too long.
    private static String fileName(String prompt) {
        String safe = prompt.strip().replaceAll("[^\\p{L}\\p{N}]+", "-");
        int end = Math.min(safe.length(), MOST_NAME);
        if (end > 0 && end < safe.length() && Character.isHighSurrogate(safe.charAt(end - 1))) {
            end--;
        }
        return safe.isEmpty() ? "picture" : safe.substring(0, end);
    }

    private void report(GenerationRequest r, List<Path> files) {
        PrintWriter print = spec.commandLine().getOut();
        if (json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("files", files.stream().map(Path::toString).toList());
            map.put("request", text(r));
            print.println(JsonFile.mapper().writeValueAsString(map));
        } else if (files.size() == 1) {
            print.println(files.getFirst());
        } else {
            print.println(files.size() + " pictures in " + out);
        }
    }
}
