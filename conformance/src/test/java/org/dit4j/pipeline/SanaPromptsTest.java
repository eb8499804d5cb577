package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderDc;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.model.Sana;
import org.dit4j.model.SanaCheckpoint;
import org.dit4j.model.SanaConfigs;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SanaPromptsTest {
    private static final int LENGTH = 5;
    private static final String FLOW =
            """
            {"_class_name": "DPMSolverMultistepScheduler", "prediction_type": "flow_prediction",
             "use_flow_sigmas": true, "flow_shift": 3.0}
            """;
    private static final String SCM =
            """
            {"_class_name": "SCMScheduler", "prediction_type": "trigflow", "sigma_data": 0.5}
            """;

    @TempDir private static Path temporary;
    private TensorScope scope;

    @BeforeAll
    static void build() throws IOException {
        folder("SanaPipeline", false, FLOW);
        folder("SanaSprintPipeline", true, SCM);
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void leave() {
        scope.close();
    }

    private static TinyFolder folder(String name) {
        return new TinyFolder(temporary.resolve(name));
    }

    private static void folder(String name, boolean sprint, String scheduler) throws IOException {
        TinyFolder folder = folder(name);
        Files.createDirectories(folder.path());
        folder.index(name);
        folder.text();
        folder.autoencoder("dc"); // 4 channels, one latent stands for 2 pixels
        folder.write("scheduler/scheduler_config.json", scheduler);
        var config =
                new Sana.Config(
                        8,
                        1,
                        4,
                        8,
                        24,
                        2,
                        3,
                        2,
                        TinyFolder.TEXT_WIDTH,
                        2.5,
                        false,
                        sprint,
                        null,
                        sprint,
                        0.1,
                        sprint ? 1 : 0.5,
                        false,
                        1e-6);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                Sana network = Sana.initialise(config, rng)) {
            TinyFolder.stir(network.parameters(), rng);
            folder.transformer(SanaConfigs.json(config), network.parameters());
        }
    }

    private static TextToImagePipeline load(TinyFolder folder) {
        return (TextToImagePipeline) Pipelines.load(folder.path());
    }

    private static GenerationRequest request(String... prompts) {
        return GenerationRequest.of(prompts)
                .withTextTokens(LENGTH)
                .withSteps(2)
                .withSize(12, 8)
                .withGuide(Guide.DEFAULT.withScale(3).withNegative(" Blue DOG"));
    }

    /// Tokens of the text, then padding.
    private static Tensor ids(String words, int length) {
        return Tensors.of(Arrays.copyOf(TinyFolder.ids(words), length), 1, length);
    }

    private static Tensor mask(Tensor ids) {
        return Ops.to(ids.ne(Tensors.zeros(Dtype.INT64, 1)), Dtype.INT64);
    }

    private static Tensor states(TinyFolder folder, Tensor ids) {
        return folder.encode(ids, mask(ids), Set.of()).last();
    }

    @Test
    void withoutAnInstructionTheTextsInLowerCaseAreTheConditions() {
        TinyFolder folder = folder("SanaPipeline");
        try (TextToImagePipeline pipeline = load(folder)) {
            var arguments = pipeline.encode(request("A Cat ")).arguments(List.of(0, 1));
            Tensor cat = ids("<bos> a cat", LENGTH);
            Tensor dog = ids("<bos> blue dog", LENGTH);
            Tensor both = Ops.cat(0, cat, dog);
            assertThat(Tensors.longs(arguments.get("encoder_attention_mask")))
                    .isEqualTo(Tensors.longs(mask(both)));
            Tensor states = states(folder, both);
            assertThat(Ops.maxAbsDifference(arguments.get("encoder_hidden_states"), states))
                    .isZero();
            assertThat(Remarks.of(pipeline, request("a")))
                    .containsExactly(
                            folder.path()
                                    + " has no complex_human_instruction.txt, so nothing goes before the prompts");
            assertThat(pipeline.parts().autoencoder()).isInstanceOf(AutoencoderDc.class);
        }
    }

    /// The instruction has 5 tokens with the mark of the start, so 5 + 5 - 2 are encoded, of which
    /// the first and the last 4 are conditions.
    @Test
    void ofAnInstructionTheFirstTokenAndTheLastOnesAreConditions() throws IOException {
        TinyFolder folder = folder("SanaPipeline");
        folder.write("complex_human_instruction.txt", "draw Cat\nthis : \n");
        try (TextToImagePipeline pipeline = load(folder)) {
            var arguments = pipeline.encode(request("A dog", "red")).arguments(List.of(0, 1, 2));
            Tensor whole =
                    Ops.cat(
                            0,
                            ids("<bos> draw Cat this : a dog", 8),
                            ids("<bos> draw Cat this : red", 8));
            Tensor negative = ids("<bos> blue dog", LENGTH);
            Tensor picked = Tensors.of(new long[] {0, 4, 5, 6, 7}, LENGTH);
            Tensor mask = Ops.cat(0, mask(whole).index_select(1, picked), mask(negative));
            assertThat(Tensors.longs(arguments.get("encoder_attention_mask")))
                    .isEqualTo(Tensors.longs(mask));
            Tensor states =
                    Ops.cat(
                            0,
                            states(folder, whole).index_select(1, picked),
                            states(folder, negative));
            assertThat(Ops.maxAbsDifference(arguments.get("encoder_hidden_states"), states))
                    .isZero();
            var tooLong = request("a a a a a").withGuide(Guide.DEFAULT.withNegative("a a a a a a"));
            assertThat(Remarks.of(pipeline, tooLong))
                    .containsExactly(
                            "for Gemma, text 0 has 10 tokens, of which 8 were encoded",
                            "for Gemma, text 1 has 7 tokens, of which 5 were encoded");
        } finally {
            Files.delete(folder.path().resolve("complex_human_instruction.txt"));
        }
    }

    private static Sana network(TinyFolder folder) {
        return SanaCheckpoint.open(folder.path().resolve("transformer"))
                .load(LoadOptions.inference());
    }

    @Test
    void theNetworkIsGuidedAtScaledTimesAndItsVarianceLeftOut() {
        TinyFolder folder = folder("SanaPipeline");
        try (TextToImagePipeline pipeline = load(folder);
                var rng = Rng.seeded(4);
                Sana network = network(folder)) {
            GenerationRequest request = request("a cat");
            Denoiser denoiser = pipeline.denoiser(pipeline.encode(request), request);
            Tensor x = rng.normal(1, 4, 4, 6);
            Tensor yes = velocity(folder, network, x, "<bos> a cat", 300, null);
            Tensor no = velocity(folder, network, x, "<bos> blue dog", 300, null);
            Tensor wanted = no.add(Ops.mul(yes.sub(no), 3));
            Tensor answer = denoiser.predict(x, Tensors.full(600, Dtype.FLOAT32, 1));
            assertThat(Ops.maxAbsDifference(answer, wanted)).isLessThan(1e-5 * size(wanted));
        }
    }

    private static double size(Tensor x) {
        return Ops.maxAbsDifference(x, Tensors.zeros(Dtype.FLOAT32, 1));
    }

    private static Tensor velocity(
            TinyFolder folder,
            Sana network,
            Tensor x,
            String words,
            double time,
            @Nullable Tensor guidance) {
        Tensor ids = ids(words, LENGTH);
        var conditions = new Sana.Conditions(states(folder, ids), mask(ids), guidance);
        return network.forward(x, Tensors.full(time, Dtype.FLOAT32, 1), conditions).narrow(1, 0, 4);
    }

    /// Both steps of the pipeline of diffusers by its own formulas, in its unit, in which the data
    /// have the standard deviation 0.5.
    @Test
    void sprintTakesTheGuidanceAsAnInputAndGoesAlongTheCircle() {
        TinyFolder folder = folder("SanaSprintPipeline");
        try (TextToImagePipeline pipeline = load(folder);
                var rng = Rng.seeded(4);
                Sana network = network(folder)) {
            GenerationRequest request = request("a cat");
            Denoiser denoiser = pipeline.denoiser(pipeline.encode(request), request);
            Sampler sampler = pipeline.sampler(request);
            Tensor noise = rng.normal(1, 4, 4, 6);
            Tensor fresh = rng.normal(2, 1, 4, 4, 6);
            NoiseSource draws = NoiseSource.replay(fresh);
            SamplerState state = sampler.start(noise, draws);
            double[] angles = {1.5708, 1.3, 0};
            Tensor latents = Ops.mul(noise, 0.5);
            Tensor data = latents;
            for (int i = 0; i < 2; i++) {
                Tensor t = Tensors.full(sampler.timestep(state), Dtype.FLOAT32, 1);
                state = sampler.next(state, denoiser.predict(state.x(), t), draws);
                double sin = Math.sin(angles[i]);
                double cos = Math.cos(angles[i]);
                double s = sin / (cos + sin);
                double r = Math.sqrt(s * s + (1 - s) * (1 - s));
                Tensor input = Ops.mul(latents, 2 * r);
                Tensor guidance = Tensors.full(0.3, Dtype.FLOAT32, 1);
                Tensor v = velocity(folder, network, input, "<bos> a cat", s, guidance);
                Tensor slope =
                        Ops.mul(
                                Ops.addScaled(Ops.mul(input, 1 - 2 * s), v, 1 - 2 * s + 2 * s * s),
                                0.5 / r);
                data = Ops.addScaled(Ops.mul(latents, cos), slope, -sin);
                latents =
                        Ops.addScaled(
                                Ops.mul(data, Math.cos(angles[i + 1])),
                                fresh.select(0, i),
                                0.5 * Math.sin(angles[i + 1]));
            }
            Tensor wanted = Ops.mul(data, 2);
            assertThat(Ops.maxAbsDifference(state.x0(), wanted)).isLessThan(1e-5 * size(wanted));
        }
    }

    @Test
    void seedPromptsAndGuidanceMakeThePicture() {
        for (String name : List.of("SanaPipeline", "SanaSprintPipeline")) {
            try (TextToImagePipeline pipeline = load(folder(name))) {
                var request = request("a cat");
                var picture = pipeline.generate(request).getFirst();
                assertThat(picture.width()).isEqualTo(12);
                assertThat(pipeline.generate(request).getFirst()).isEqualTo(picture);
                var other = request.withGuide(request.guide().withNegative("red"));
                boolean guided = name.equals("SanaPipeline");
                assertThat(pipeline.generate(other).getFirst().equals(picture)).isEqualTo(!guided);
                assertThat(
                                List.of(
                                        pipeline.generate(request.withSeed(1)).getFirst(),
                                        pipeline.generate(request("a dog")).getFirst(),
                                        pipeline.generate(request.withGuidance(1)).getFirst()))
                        .doesNotContain(picture);
            }
        }
    }

    @Test
    void sprintNeedsItsNetworkAndItsScheduler() throws IOException {
        TinyFolder folder = folder("SanaSprintPipeline");
        try (TextToImagePipeline pipeline = load(folder)) {
            assertThatThrownBy(() -> pipeline.resolve(request("a").withSampler("euler")))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("SCMScheduler");
        }
        folder.index("SanaPipeline");
        try {
            assertThatThrownBy(() -> load(folder))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage(
                            folder.path()
                                    + ": the network of a SanaPipeline must not take the guidance as an input");
        } finally {
            folder.index("SanaSprintPipeline");
        }
    }

    @Test
    void anAutoencoderOfVideosIsRefused() throws IOException {
        TinyFolder folder = folder("SanaPipeline");
        Path own = folder.path().resolve("vae");
        Path aside = folder.path().resolve("aside");
        Files.move(own, aside);
        folder.autoencoder("wan");
        try {
            assertThatThrownBy(() -> load(folder))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("AutoencoderWan is no autoencoder of pictures");
        } finally {
            for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors", "")) {
                Files.delete(own.resolve(file));
            }
            Files.move(aside, own);
        }
    }
}
