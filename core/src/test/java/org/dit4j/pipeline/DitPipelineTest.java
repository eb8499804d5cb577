package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderConfigs;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Caching;
import org.dit4j.diffusion.Target;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DitPipelineTest {
    private static final String VAE =
            """
            {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8], "layers_per_block": 1,
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
             "norm_num_groups": 4, "latent_channels": 4, "sample_size": 16}
            """;

    @TempDir private static Path temporary;
    private static DitPipeline pipeline;

    @BeforeAll
    static void build() {
        var config = new Dit.Config(8, 2, 4, 16, 2, 2, 4, 0.1, 3, false, Dit.Variant.ORIGINAL);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Dit network = Dit.initialise(config, rng);
            // zero-initialised layers would make the class irrelevant
            Ops.noGrad(() -> {
                network.parameters()
                        .trained()
                        .values()
                        .forEach(w -> w.add_(Ops.mul(Ops.like(rng.normal(sizes(w)), w), 0.2)));
                return 0;
            });
            var vae =
                    AutoencoderKl.initialise(
                            AutoencoderConfigs.parseKl(JsonFile.mapper().readTree(VAE), "vae"),
                            rng);
            pipeline =
                    new DitPipeline(
                            new DitPipeline.Parts(
                                    network,
                                    vae,
                                    DiffusionProcess.gaussian("squaredcos_cap_v2", Target.V),
                                    new ClassNames(List.of("cat-face", "dog", "tench, Tinca"))),
                            new GenerationDefaults("dpm++2m", 4, 2));
        }
    }

    private static long[] sizes(org.bytedeco.pytorch.Tensor w) {
        var sizes = new long[(int) w.dim()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = w.size(i);
        }
        return sizes;
    }

    @AfterAll
    static void close() {
        pipeline.close();
    }

    @Test
    void aSavedPipelineGivesTheSamePictures() {
        Path folder = temporary.resolve("saved");
        Pipelines.save(pipeline, folder);
        var request = GenerationRequest.ofClasses("cat faces", "1").withCount(2).withSeed(7);
        try (Pipeline loaded = Pipelines.load(folder)) {
            assertThat(loaded.generate(request)).isEqualTo(pipeline.generate(request)).hasSize(4);
            assertThat(loaded.resolve(request).steps()).isEqualTo(4);
        }
    }

    @Test
    void seedClassGuidanceAndStepsMatter() {
        var request = GenerationRequest.ofClasses("dog");
        Picture picture = pipeline.generate(request).getFirst();
        assertThat(pipeline.generate(request).getFirst()).isEqualTo(picture);
        assertThat(
                        List.of(
                                pipeline.generate(request.withSeed(1)).getFirst(),
                                pipeline.generate(GenerationRequest.ofClasses("cat-face"))
                                        .getFirst(),
                                pipeline.generate(request.withGuidance(1)).getFirst(),
                                pipeline.generate(request.withSteps(9)).getFirst()))
                .doesNotContain(picture);
    }

    private static Picture stripes(int period) {
        var rgb = new byte[3 * 16 * 16];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / 3 % 16 / period % 2 == 0 ? 255 : 0);
        }
        return Picture.of(16, 16, rgb);
    }

    @Test
    void generationStartsFromAPicture() {
        var request = GenerationRequest.ofClasses("dog");
        Picture half = pipeline.generate(request.withImage(stripes(4), 0.5)).getFirst();
        assertThat(
                        List.of(
                                pipeline.generate(request).getFirst(),
                                pipeline.generate(request.withImage(stripes(2), 0.5)).getFirst(),
                                pipeline.generate(request.withImage(stripes(4), 1)).getFirst()))
                .doesNotContain(half);
    }

    @Test
    void theMaskSaysWhatMayChange() {
        Picture all = Picture.ofGray(1, 1, new byte[] {(byte) 255}, 0);
        Picture nothing = Picture.ofGray(1, 1, new byte[] {0}, 0);
        var free = GenerationRequest.ofClasses("dog").withImage(stripes(4), 0.5);
        assertThat(pipeline.generate(free.withMask(all))).isEqualTo(pipeline.generate(free));
        var kept = GenerationRequest.ofClasses("cat-face").withImage(stripes(4), 1);
        assertThat(pipeline.generate(free.withMask(nothing)))
                .isEqualTo(pipeline.generate(kept.withMask(nothing)))
                .isNotEqualTo(pipeline.generate(free));
    }

    @Test
    void picturesThatCannotBeUsedAreRefusedAtOnce() {
        var request = GenerationRequest.ofClasses("dog");
        assertThatThrownBy(() -> request.withMask(stripes(4)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("a mask needs a picture to start from");
        assertThatThrownBy(() -> request.withImage(stripes(4), 0))
                .hasMessage("the strength must be above 0 and at most 1 but is 0.0");
        assertThatThrownBy(() -> pipeline.resolve(request.withControl(stripes(4), 1)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("a control picture needs a ControlNet");
        assertThatThrownBy(() -> request.withControl(stripes(4), 11))
                .hasMessage("the scale of the control must be 0 to 10 but is 11.0");
    }

    @Test
    void aLargeRequestGoesThroughTheNetworkInParts() {
        var request = GenerationRequest.ofClasses("dog").withCount(20).withSteps(2);
        List<Picture> many = pipeline.generate(request.withGuidance(1));
        assertThat(many).hasSize(20).doesNotHaveDuplicates();
        assertThat(many.getFirst().width()).isEqualTo(16);
    }

    @Test
    void guidedStochasticSamplingDrawsAsTheReferenceDoes() {
        var request = GenerationRequest.ofClasses("dog").withSampler("ddpm").withSteps(5);
        assertThat(pipeline.generate(request)).isEqualTo(pipeline.generate(request));
    }

    @Test
    void manyThreadsShareAPipeline() throws Exception {
        var request = GenerationRequest.ofClasses("dog").withSteps(3);
        List<Picture> expected = pipeline.generate(request);
        try (var threads = Executors.newFixedThreadPool(4)) {
            var results = new ArrayList<java.util.concurrent.Future<List<Picture>>>();
            for (int i = 0; i < 8; i++) {
                results.add(threads.submit(() -> pipeline.generate(request)));
            }
            for (var result : results) {
                assertThat(result.get()).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"first-block:0", "taylor:1:1", "step:0:0"})
    void aCacheThatSparesNothingChangesNoBit(String cache) {
        var request = GenerationRequest.ofClasses("dog", "cat-face").withSteps(6);
        assertThat(pipeline.generate(request.withCaching(Caching.parse(cache))))
                .isEqualTo(pipeline.generate(request));
    }

    @Test
    void runsWithCachesShareNothing() throws Exception {
        var caches = List.of("first-block:3", "taylor:3:1", "step:3:0", "off");
        var expected = new ArrayList<List<Picture>>();
        for (String cache : caches) {
            expected.add(pipeline.generate(cached(cache)));
        }
        assertThat(expected).doesNotHaveDuplicates();
        try (var threads = Executors.newFixedThreadPool(4)) {
            var results = new ArrayList<java.util.concurrent.Future<List<Picture>>>();
            for (int i = 0; i < 8; i++) {
                String cache = caches.get(i % 4);
                results.add(threads.submit(() -> pipeline.generate(cached(cache))));
            }
            for (int i = 0; i < 8; i++) {
                assertThat(results.get(i).get()).isEqualTo(expected.get(i % 4));
            }
        }
    }

    private static GenerationRequest cached(String cache) {
        // 20 pictures go through the network in two parts, each with a memory of its own
        return GenerationRequest.ofClasses("dog")
                .withCount(20)
                .withSteps(12)
                .withCaching(Caching.parse(cache));
    }

    @Test
    void otherSizesWork() {
        Picture wide =
                pipeline.generate(GenerationRequest.ofClasses("dog").withSize(32, 16)).getFirst();
        assertThat(wide.width()).isEqualTo(32);
        assertThat(wide.height()).isEqualTo(16);
    }

    @Test
    void halfPrecisionIsClose() {
        Path folder = temporary.resolve("bf16");
        Pipelines.save(pipeline, folder);
        var request = GenerationRequest.ofClasses("dog").withGuidance(1).withSteps(1);
        LoadOptions bf16 = LoadOptions.inference().withDtype(Dtype.BFLOAT16);
        try (Pipeline loaded = Pipelines.load(folder, bf16)) {
            Picture a = loaded.generate(request).getFirst();
            Picture b = pipeline.generate(request).getFirst();
            int most = 0;
            for (int y = 0; y < 16; y++) {
                for (int x = 0; x < 16; x++) {
                    most = Math.max(most, Math.abs(a.value(x, y, 0) - b.value(x, y, 0)));
                }
            }
            assertThat(most).isLessThan(16);
        }
    }

    @Test
    void wrongRequestsAreOneClearLine() {
        var request = GenerationRequest.ofClasses("dog");
        assertThatThrownBy(() -> pipeline.generate(GenerationRequest.ofClasses("cat fac")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("there is no class \"cat fac\"")
                .hasMessageContaining("cat-face");
        assertThatThrownBy(() -> pipeline.generate(GenerationRequest.ofClasses("3")))
                .hasMessageContaining("0 to 2");
        assertThatThrownBy(() -> pipeline.generate(request.withSize(18, 16)))
                .hasMessageContaining("18x16")
                .hasMessageContaining("divisible by 4");
        assertThatThrownBy(() -> pipeline.generate(request.withSteps(1001)))
                .hasMessageContaining("1001");
        assertThatThrownBy(() -> request.withSteps(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> request.withCount(0)).hasMessageContaining("0");
        assertThatThrownBy(() -> pipeline.generate(request.withSampler("dmp++2m")))
                .hasMessageContaining("dpm++2m");
    }

    @Test
    void aFolderThatIsNoPipelineSaysWhatIsMissing() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("empty"));
        assertThatThrownBy(() -> Pipelines.load(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("model_index.json");
    }

    @Test
    void synonymsOfAClassNameAreFound() {
        assertThat(pipeline.classes().id("tinca")).isEqualTo(2);
        assertThat(pipeline.classes().id("Tench")).isEqualTo(2);
        assertThat(pipeline.classes().id("tench, Tinca")).isEqualTo(2);
        assertThat(pipeline.classes().id("2")).isEqualTo(2);
    }
}
