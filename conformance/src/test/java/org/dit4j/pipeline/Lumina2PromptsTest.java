package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.LeveledSampler;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Checkpoint;
import org.dit4j.model.Lumina2Configs;
import org.dit4j.model.LuminaLayers;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Lumina2PromptsTest {
    private static final int LENGTH = 8;

    @TempDir private static Path temporary;
    private static TinyFolder folder;
    private static TextToImagePipeline pipeline;
    private TensorScope scope;

    @BeforeAll
    static void build() throws IOException {
        folder = new TinyFolder(temporary.resolve("lumina2"));
        Files.createDirectories(folder.path());
        folder.index("Lumina2Pipeline");
        folder.text();
        folder.autoencoder("kl_sd3"); // 16 channels, one latent stands for 4 pixels
        folder.write("system_prompt.txt", "draw this\n");
        folder.write(
                "scheduler/scheduler_config.json",
                """
                {"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": true,
                 "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256,
                 "max_image_seq_len": 4096}
                """);
        var config =
                new Lumina2.Config(
                        8,
                        2,
                        16,
                        16,
                        new LuminaLayers(2, 24, 2, 1, 16, 1, 1e-5, true),
                        1,
                        TinyFolder.TEXT_WIDTH,
                        List.of(4, 2, 6),
                        List.of(32, 16, 16));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                Lumina2 network = Lumina2.initialise(config, rng)) {
            TinyFolder.stir(network.parameters(), rng);
            folder.transformer(Lumina2Configs.json(config), network.parameters());
        }
        pipeline = (TextToImagePipeline) Pipelines.load(folder.path());
    }

    @AfterAll
    static void close() {
        pipeline.close();
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void leave() {
        scope.close();
    }

    private static GenerationRequest request(String... prompts) {
        return GenerationRequest.of(prompts)
                .withTextTokens(LENGTH)
                .withSteps(3)
                .withSize(24, 16)
                .withGuide(Guide.DEFAULT.withScale(3).withNegative("blue dog"));
    }

    private static Tensor ids() {
        long pad = TinyFolder.id("<pad>");
        long[] cat = TinyFolder.ids("<bos> draw this <Prompt Start> a Cat");
        long[] dog = TinyFolder.ids("<bos> blue dog");
        var ids = new long[2 * LENGTH];
        Arrays.fill(ids, pad);
        System.arraycopy(cat, 0, ids, 0, cat.length);
        System.arraycopy(dog, 0, ids, LENGTH, dog.length);
        return Tensors.of(ids, 2, LENGTH);
    }

    /// Padding stands behind the texts, though the tokenizer's own side is the left.
    @Test
    void theSystemPromptGoesBeforePromptsOnlyAndTheLayerBeforeTheLastIsTheCondition() {
        var arguments = pipeline.encode(request("a Cat")).arguments(List.of(0, 1));
        Tensor mask = Ops.to(ids().ne(Tensors.zeros(Dtype.INT64, 1)), Dtype.INT64);
        Tensor states = folder.encode(ids(), mask, Set.of(1)).layers().get(1);
        assertThat(Tensors.longs(arguments.get("encoder_attention_mask")))
                .isEqualTo(Tensors.longs(mask));
        assertThat(Ops.maxAbsDifference(arguments.get("encoder_hidden_states"), states)).isZero();
    }

    @Test
    void guidanceKeepsTheNormsOfTheRowsOfTheNetworksVelocityTurnedRound() {
        try (var rng = Rng.seeded(4);
                Lumina2 network =
                        Lumina2Checkpoint.open(folder.path().resolve("transformer"))
                                .load(LoadOptions.inference())) {
            GenerationRequest request = request("a Cat");
            PromptedNetwork.Prompts prompts = pipeline.encode(request);
            Denoiser denoiser = pipeline.denoiser(prompts, request);
            Tensor x = rng.normal(1, 16, 4, 6);
            Tensor at = Tensors.full(0.25, Dtype.FLOAT32, 1);
            Tensor mask = Ops.to(ids().ne(Tensors.zeros(Dtype.INT64, 1)), Dtype.INT64);
            Tensor states = folder.encode(ids(), mask, Set.of(1)).layers().get(1);
            Tensor yes = network.forward(x, at, states.narrow(0, 0, 1), mask.narrow(0, 0, 1));
            Tensor no = network.forward(x, at, states.narrow(0, 1, 1), mask.narrow(0, 1, 1));
            Tensor plain = no.add(Ops.mul(yes.sub(no), 3));
            Tensor factor =
                    Ops.sum(Ops.pow(yes, 2), true, -1)
                            .div(Ops.sum(Ops.pow(plain, 2), true, -1))
                            .sqrt(); // [1, 16, 4, 1]
            Tensor wanted = Ops.mul(plain.mul(factor), -1);
            Tensor answer = denoiser.predict(x, Tensors.full(750, Dtype.FLOAT32, 1));
            double size = Ops.maxAbsDifference(wanted, Tensors.zeros(Dtype.FLOAT32, 1));
            assertThat(Ops.maxAbsDifference(answer, wanted)).isLessThan(1e-5 * size);
        }
    }

    /// The levels 1, 2/3 and 1/3, moved by `e^mu / (e^mu + 1 / s - 1)`; mu as if there were as many
    /// tokens as channels.
    @Test
    void levelsAreUniformAndTheirShiftDoesNotDependOnTheSize() {
        double mu = 0.5 + (16 - 256) * (1.15 - 0.5) / (4096 - 256);
        for (var request : List.of(request("a"), request("a").withSize(32, 32))) {
            var sampler = (LeveledSampler) pipeline.sampler(request);
            for (int i = 0; i < 3; i++) {
                double s = (3 - i) / 3.0;
                double shifted = Math.exp(mu) / (Math.exp(mu) + 1 / s - 1);
                assertThat(sampler.levels().timesteps().at(i))
                        .isCloseTo(1000 * shifted, within(1e-3));
            }
        }
    }

    @Test
    void seedPromptsAndGuidanceMakeThePicture() {
        var request = request("a Cat");
        var picture = pipeline.generate(request).getFirst();
        assertThat(picture.width()).isEqualTo(24);
        assertThat(pipeline.generate(request).getFirst()).isEqualTo(picture);
        assertThat(
                        List.of(
                                pipeline.generate(request.withSeed(1)).getFirst(),
                                pipeline.generate(request("a cat")).getFirst(),
                                pipeline.generate(
                                                request.withGuide(
                                                        request.guide().withNegative("red dog")))
                                        .getFirst(),
                                pipeline.generate(request.withGuidance(1)).getFirst()))
                .doesNotContain(picture);
    }

    @Test
    void aMissingSystemPromptIsSaid() throws IOException {
        assertThat(Remarks.of(pipeline, request("a"))).isEmpty();
        Path file = folder.path().resolve("system_prompt.txt");
        Path aside = folder.path().resolve("aside.txt");
        Files.move(file, aside);
        try (Pipeline other = Pipelines.load(folder.path())) {
            assertThat(Remarks.of(other, request("a")))
                    .containsExactly(
                            folder.path()
                                    + " has no system_prompt.txt, so nothing goes before the prompts");
        } finally {
            Files.move(aside, file);
        }
    }
}
