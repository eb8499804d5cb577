package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.model.HunyuanDitControlNet;
import org.dit4j.model.HunyuanDitControlNetCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pictures against the same computation of network, ControlNets, scheduler and autoencoder written
/// out.
class HunyuanControlNetTest {
    private static final String CASE = "controlnet/hunyuan-dit";
    private static final int SEED = 6;
    private static final int SIDE = 64; // 8 x 8 latents
    private static final double SCALE = 0.18215;
    private static final String SCHEDULER =
            """
            {"_class_name": "DDPMScheduler", "beta_schedule": "scaled_linear", "beta_end": 0.03,
             "beta_start": 0.00085, "prediction_type": "v_prediction", "clip_sample": false}
            """;

    @TempDir private static Path temporary;
    private TensorScope scope;

    @BeforeAll
    static void build() throws IOException {
        var folder = new TinyFolder(temporary.resolve("model"));
        Files.createDirectories(folder.path());
        folder.index("HunyuanDiTPipeline");
        folder.text("");
        folder.text("_2");
        folder.autoencoder("kl_sd");
        folder.write("scheduler/scheduler_config.json", SCHEDULER);
        folder.model(CASE + "/transformer", "transformer");
        folder.model(CASE, "controlnet");
        folder.model(CASE, "other");
        louder(folder.path().resolve("other"));
    }

    /// Makes another ControlNet of one.
    private static void louder(Path folder) throws IOException {
        Path file = folder.resolve("diffusion_pytorch_model.safetensors");
        var all = new LinkedHashMap<String, Tensor>();
        try (var _ = TensorScope.open()) {
            try (StateDict dict = StateDict.open(folder)) {
                for (String name : dict.names()) {
                    all.put(name, Ops.mul(dict.tensor(name), 1.2));
                }
            }
            Path beside = folder.resolve("louder");
            Safetensors.write(beside, all, Map.of());
            Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void leave() {
        scope.close();
    }

    private static Path part(String name) {
        return temporary.resolve("model").resolve(name);
    }

    private static TextToImagePipeline load(String... controlNets) {
        var options = PipelineOptions.of(LoadOptions.inference());
        for (String net : controlNets) {
            options = options.withControlNet(part(net));
        }
        return (TextToImagePipeline) Pipelines.load(temporary.resolve("model"), options);
    }

    private static Picture picture(int factor) {
        var rgb = new byte[3 * SIDE * SIDE];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * factor % 253);
        }
        return Picture.of(SIDE, SIDE, rgb);
    }

    private static GenerationRequest request() {
        return GenerationRequest.of("a cat")
                .withSeed(SEED)
                .withSteps(3)
                .withSize(SIDE, SIDE)
                .withGuide(Guide.DEFAULT.withScale(3).withNegative("dog"));
    }

    /// One ControlNet with its picture.
    private record Steering(String net, int picture, double scale) {}

    private static HunyuanDit.Conditions conditions(String text) {
        Tensor[] first = encoded("", text, 6);
        Tensor[] second = encoded("_2", text, 8);
        return new HunyuanDit.Conditions(
                first[0], first[1], second[0], second[1], Optional.empty());
    }

    private static Tensor[] encoded(String suffix, String text, int length) {
        var folder = new TinyFolder(temporary.resolve("model"));
        try (var tokenizer = Tokenizer.open(part("tokenizer" + suffix))) {
            var tokens = tokenizer.encode(List.of(text), length);
            return new Tensor[] {
                folder.encode("text_encoder" + suffix, tokens.ids(), tokens.mask()), tokens.mask()
            };
        }
    }

    /// The draw of each half of a guided batch, of one picture after the other.
    private static List<Tensor> drawn(AutoencoderKl vae, List<Steering> all) {
        var latents = new ArrayList<Tensor>();
        try (var rng = Rng.seeded(SEED)) {
            for (Steering one : all) {
                Tensor x = Ops.to(picture(one.picture).tensor(), Dtype.FLOAT32);
                Tensor pixels = Ops.add(Ops.div(x, 127.5), -1).permute(2, 0, 1).unsqueeze(0);
                Tensor both = pixels.expand(2, -1, -1, -1);
                latents.add(Ops.mul(vae.posterior(both).sample(rng), SCALE));
            }
        }
        return latents;
    }

    private static List<Picture> worked(List<Steering> all) {
        var nets = new ArrayList<HunyuanDitControlNet>();
        for (Steering one : all) {
            nets.add(
                    HunyuanDitControlNetCheckpoint.open(part(one.net))
                            .load(LoadOptions.inference()));
        }
        Sampler sampler =
                SchedulerConfig.read(part("scheduler/scheduler_config.json")).sampler(1).steps(3);
        try (HunyuanDit dit =
                        HunyuanDitCheckpoint.open(part("transformer"))
                                .load(LoadOptions.inference());
                AutoencoderKl vae = AutoencoderKl.load(part("vae"), LoadOptions.inference());
                var rng = Rng.seeded(SEED)) {
            List<Tensor> latents = drawn(vae, all);
            HunyuanDit.Conditions cond = conditions("a cat");
            HunyuanDit.Conditions uncond = conditions("dog");
            SamplerState s = sampler.start(rng.normal(1, 4, 8, 8));
            while (!sampler.done(s)) {
                Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, 1);
                Tensor[] halves = new Tensor[2];
                for (int half = 0; half < 2; half++) { // the unconditional one first
                    HunyuanDit.Conditions c = half == 0 ? uncond : cond;
                    List<Tensor> sum = null;
                    for (int i = 0; i < nets.size(); i++) {
                        Tensor own = latents.get(i).narrow(0, half, 1);
                        double scale = all.get(i).scale;
                        List<Tensor> more = nets.get(i).forward(s.x(), own, t, c, 1);
                        sum = sum == null ? zeros(more) : sum;
                        for (int j = 0; j < more.size(); j++) {
                            sum.set(j, sum.get(j).add(Ops.mul(more.get(j), scale)));
                        }
                    }
                    halves[half] =
                            dit.forward(s.x(), t, c, sum == null ? List.of() : sum).narrow(1, 0, 4);
                }
                Tensor v = halves[0].add(Ops.mul(halves[1].sub(halves[0]), 3));
                s = sampler.next(s, v, NoiseSource.of(rng));
            }
            return Picture.ofBatch(vae.decode(s.x()));
        } finally {
            nets.forEach(HunyuanDitControlNet::close);
        }
    }

    private static List<Tensor> zeros(List<Tensor> like) {
        return new ArrayList<>(like.stream().map(x -> Ops.mul(x, 0)).toList());
    }

    @Test
    void aControlNetSteers() {
        try (TextToImagePipeline pipeline = load("controlnet")) {
            List<Picture> made = pipeline.generate(request().withControl(picture(7), 0.8));
            Ops.noGrad(() -> {
                TinyFolder.requireSame(made, worked(List.of(new Steering("controlnet", 7, 0.8))));
                return 0;
            });
        }
        try (TextToImagePipeline plain = load()) {
            List<Picture> without = plain.generate(request());
            Ops.noGrad(() -> {
                TinyFolder.requireSame(without, worked(List.of()));
                return 0;
            });
        }
    }

    @Test
    void theResidualsOfSeveralAddUp() {
        try (TextToImagePipeline pipeline = load("controlnet", "other")) {
            List<Picture> made =
                    pipeline.generate(
                            request().withControl(picture(7), 0.8).withControl(picture(11), 1.5));
            Ops.noGrad(() -> {
                TinyFolder.requireSame(
                        made,
                        worked(
                                List.of(
                                        new Steering("controlnet", 7, 0.8),
                                        new Steering("other", 11, 1.5))));
                return 0;
            });
        }
    }

    @Test
    void theControlNetOfTheFolderItselfIsTaken() throws IOException {
        Path index = part("model_index.json");
        String before = Files.readString(index);
        Files.writeString(index, before.replace("DiTPipeline", "DiTControlNetPipeline"));
        GenerationRequest request = request().withControl(picture(7), 0.8);
        try (TextToImagePipeline own = load()) {
            Files.writeString(index, before);
            try (TextToImagePipeline named = load("controlnet")) {
                assertThat(own.generate(request)).isEqualTo(named.generate(request));
            }
        } finally {
            Files.writeString(index, before);
        }
    }

    @Test
    void eachNeedsAPicture() {
        try (TextToImagePipeline pipeline = load("controlnet", "other")) {
            assertThatThrownBy(() -> pipeline.resolve(request().withControl(picture(7), 1)))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage(
                            "this model has 2 ControlNets: give it as many control pictures, not 1");
        }
        try (TextToImagePipeline pipeline = load()) {
            assertThatThrownBy(() -> pipeline.resolve(request().withControl(picture(7), 1)))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("a control picture needs a ControlNet");
        }
    }
}
