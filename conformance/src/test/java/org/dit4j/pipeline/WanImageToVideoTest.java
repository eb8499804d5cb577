package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderWan;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.data.Picture;
import org.dit4j.data.Resampling;
import org.dit4j.data.Video;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.model.Wan;
import org.dit4j.model.WanCheckpoint;
import org.dit4j.model.WanConfigs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.ClipVision;
import org.dit4j.text.Tokenizer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pipelines against the same computation of network, scheduler and autoencoder written out. A
/// latent stands for 4 x 4 pixels and 4 frames.
class WanImageToVideoTest {
    private static final String FAMILY = "WanImageToVideoPipeline";
    private static final int SEED = 3;
    private static final int WIDTH = 24;
    private static final int HEIGHT = 16;
    private static final int FRAMES = 9;
    private static final int LATENTS = 3;
    private static final int STATES = 20;
    private static final int TOKENS = 5; // of a picture of 8 x 8 in patches of 4 x 4
    private static final String SCHEDULER =
            "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\", \"shift\": 3.0}";
    private static final String VISION =
            """
            {"model_type": "clip_vision_model", "hidden_size": 20, "intermediate_size": 24,
             "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 8, "patch_size": 4,
             "hidden_act": "gelu", "projection_dim": 16, "architectures": ["CLIPVisionModel"]}
            """;
    private static final String PREPROCESSOR =
            """
            {"image_processor_type": "CLIPImageProcessor", "do_center_crop": true,
             "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
             "crop_size": {"height": 8, "width": 8}, "size": {"shortest_edge": 8}, "resample": 3,
             "rescale_factor": 0.00392156862745098, "image_mean": [0.5, 0.4, 0.3],
             "image_std": [0.25, 0.5, 0.2]}
            """;

    @TempDir private Path temporary;
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void leave() {
        scope.close();
    }

    private static Wan.Config config(int inputs, int imageWidth, int imagePositions) {
        return new Wan.Config(
                new VideoPatch(1, 2, 2),
                inputs,
                4,
                24,
                2,
                2,
                32,
                16,
                32,
                imageWidth,
                imagePositions,
                32,
                true,
                1e-6);
    }

    private TinyFolder folder(String index, Wan.Config config) throws IOException {
        var folder = new TinyFolder(temporary.resolve("model"));
        Files.createDirectories(folder.path());
        folder.write("model_index.json", index.formatted(FAMILY));
        folder.umt5();
        folder.autoencoder("wan");
        folder.write("scheduler/scheduler_config.json", SCHEDULER);
        transformer(folder, "transformer", config, 1);
        return folder;
    }

    private static void transformer(TinyFolder folder, String name, Wan.Config c, long seed)
            throws IOException {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed);
                Wan network = Wan.initialise(c, rng)) {
            TinyFolder.stir(network.parameters(), rng);
            folder.network(name, WanConfigs.json(c), network.parameters());
        }
    }

    private static void vision(TinyFolder folder) throws IOException {
        folder.write("image_encoder/config.json", VISION);
        folder.write("image_processor/preprocessor_config.json", PREPROCESSOR);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2)) {
            ParameterSource source = ParameterSource.initialising(rng);
            var config = ClipVision.Config.parse(JsonFile.mapper().readTree(VISION), "test");
            try (var network = new ClipVision(source.at("vision_model"), config)) {
                TinyFolder.stir(source.parameters(), rng);
                assertThat(network.config().tokens()).isEqualTo(TOKENS);
                Safetensors.write(
                        folder.path().resolve("image_encoder/model.safetensors"),
                        source.parameters().all(),
                        Map.of());
            }
        }
    }

    private static GenerationRequest request() {
        return GenerationRequest.of("a red cat")
                .withSeed(SEED)
                .withSteps(4)
                .withSize(WIDTH, HEIGHT)
                .withFrames(FRAMES)
                .withTextTokens(6)
                .withGuide(Guide.DEFAULT.withScale(4).withNegative("blue"));
    }

    private static Picture picture(int factor) {
        var rgb = new byte[3 * WIDTH * HEIGHT];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * factor % 251);
        }
        return Picture.of(WIDTH, HEIGHT, rgb);
    }

    private static TextToVideoPipeline load(TinyFolder folder) {
        return Pipelines.loadVideo(folder.path(), LoadOptions.inference(), Residency.RELEASE);
    }

    /// What a step of the written-out run calls.
    private interface Network {
        Tensor velocity(Tensor x, double t, Tensor text);
    }

    private static Wan network(TinyFolder folder, String name) {
        return WanCheckpoint.open(folder.path().resolve(name)).load(LoadOptions.inference());
    }

    private static AutoencoderWan autoencoder(TinyFolder folder) {
        return AutoencoderWan.load(folder.path().resolve("vae"), LoadOptions.inference());
    }

    private static Tensor time(double t) {
        return Tensors.full(t, Dtype.FLOAT32, 1);
    }

    /// States of the text, padding zero.
    private static Tensor states(TinyFolder folder, String text) {
        try (var tokenizer = Tokenizer.open(folder.path().resolve("tokenizer"))) {
            var tokens = tokenizer.encode(List.of(text), 6);
            Tensor states = folder.encode(tokens.ids(), tokens.mask(), Set.of()).last();
            return states.mul(tokens.mask().unsqueeze(2));
        }
    }

    /// Returns the latents `[1, 4, 3, 4, 6]` of a guided run.
    private static Tensor run(TinyFolder folder, Network network) {
        Tensor cond = states(folder, "a red cat");
        Tensor uncond = states(folder, "blue");
        Sampler sampler =
                SchedulerConfig.read(folder.path().resolve("scheduler/scheduler_config.json"))
                        .sampler(1)
                        .steps(4);
        try (var rng = Rng.seeded(SEED)) {
            SamplerState s = sampler.start(rng.normal(1, 4, LATENTS, 4, 6));
            while (!sampler.done(s)) {
                double t = sampler.timestep(s);
                Tensor yes = network.velocity(s.x(), t, cond);
                Tensor no = network.velocity(s.x(), t, uncond);
                Tensor v = no.add(Ops.mul(yes.sub(no), 4));
                s = sampler.next(s, v, NoiseSource.NONE);
            }
            return s.x();
        }
    }

    private static List<Picture> decode(AutoencoderWan vae, Tensor z) {
        return Picture.ofBatch(vae.decode(z).squeeze(0).transpose(0, 1));
    }

    private static Tensor pixels(Picture picture) {
        Tensor x = Ops.to(picture.tensor(), Dtype.FLOAT32);
        return Ops.add(Ops.div(x, 127.5), -1).permute(2, 0, 1).unsqueeze(0).unsqueeze(2);
    }

    /// Four channels of the mask, four of the latents of a video that is grey but for what is
    /// given.
    private static Tensor known(AutoencoderWan vae, @Nullable Picture last) {
        Tensor video = Tensors.zeros(Dtype.FLOAT32, 1, 3, FRAMES, HEIGHT, WIDTH);
        video.narrow(2, 0, 1).copy_(pixels(picture(7)));
        Tensor mask = Tensors.zeros(Dtype.FLOAT32, 1, 4, LATENTS, 4, 6);
        Ops.fill_(mask.select(2, 0), 1);
        if (last != null) {
            video.narrow(2, FRAMES - 1, 1).copy_(pixels(last));
            Ops.fill_(mask.select(2, LATENTS - 1).select(1, 3), 1);
        }
        Tensor mode = vae.posterior(video).mode();
        Tensor mean = Tensors.of(new float[] {0.1f, -0.2f, 0.3f, 0.05f}, 1, 4, 1, 1, 1);
        Tensor std = Tensors.of(new float[] {1.1f, 0.9f, 1.3f, 2}, 1, 4, 1, 1, 1);
        return Ops.cat(1, mask, mode.sub(mean).div(std));
    }

    /// The middle of the picture: 24 x 16 become 12 x 8, of which 8 x 8 are cut out.
    private static Tensor seen(TinyFolder folder, Picture picture) {
        Picture small = Resampling.BICUBIC.resize(picture, 12, 8).crop(2, 0, 8, 8);
        Tensor x = Ops.div(Ops.to(small.tensor(), Dtype.FLOAT32), 255);
        Tensor mean = Tensors.of(new float[] {0.5f, 0.4f, 0.3f}, 3);
        Tensor std = Tensors.of(new float[] {0.25f, 0.5f, 0.2f}, 3);
        try (ClipVision clip =
                ClipVision.load(folder.path().resolve("image_encoder"), LoadOptions.inference())) {
            return clip.penultimate(x.sub(mean).div(std).permute(2, 0, 1).unsqueeze(0));
        }
    }

    @Test
    void version21SeesTheFirstFrameInChannelsAndStates() throws IOException {
        TinyFolder folder = folder("{\"_class_name\": \"%s\"}", config(12, STATES, 0));
        vision(folder);
        try (TextToVideoPipeline pipeline = load(folder);
                Wan wan = network(folder, "transformer");
                AutoencoderWan vae = autoencoder(folder)) {
            Video made = pipeline.generate(request().withFirstFrame(picture(7))).getFirst();
            assertThat(made.rate()).isEqualTo(16);
            Ops.noGrad(() -> {
                Tensor known = known(vae, null);
                Tensor image = seen(folder, picture(7));
                Tensor z =
                        run(
                                folder,
                                (x, t, text) ->
                                        wan.forward(Ops.cat(1, x, known), time(t), text, image));
                TinyFolder.requireSame(made.frames(), decode(vae, z));
                return 0;
            });
        }
    }

    @Test
    void aNetworkForTwoFramesSeesBoth() throws IOException {
        TinyFolder folder = folder("{\"_class_name\": \"%s\"}", config(12, STATES, 2 * TOKENS));
        vision(folder);
        var first = request().withFirstFrame(picture(7));
        try (TextToVideoPipeline pipeline = load(folder);
                Wan wan = network(folder, "transformer");
                AutoencoderWan vae = autoencoder(folder)) {
            assertThatThrownBy(() -> pipeline.resolve(first))
                    .hasMessageEndingWith("between two frames: give it the last one too");
            List<Picture> made =
                    pipeline.generate(first.withLastFrame(picture(11))).getFirst().frames();
            Ops.noGrad(() -> {
                Tensor known = known(vae, picture(11));
                Tensor image = Ops.cat(0, seen(folder, picture(7)), seen(folder, picture(11)));
                Tensor z =
                        run(
                                folder,
                                (x, t, text) ->
                                        wan.forward(Ops.cat(1, x, known), time(t), text, image));
                TinyFolder.requireSame(made, decode(vae, z));
                return 0;
            });
        }
    }

    @Test
    void version22HasASecondNetworkAndNoStates() throws IOException {
        TinyFolder folder =
                folder("{\"_class_name\": \"%s\", \"boundary_ratio\": 0.9}", config(12, 0, 0));
        transformer(folder, "transformer_2", config(12, 0, 0), 8);
        try (TextToVideoPipeline pipeline = load(folder);
                Wan noisy = network(folder, "transformer");
                Wan clear = network(folder, "transformer_2");
                AutoencoderWan vae = autoencoder(folder)) {
            List<Picture> made =
                    pipeline.generate(request().withFirstFrame(picture(7))).getFirst().frames();
            Ops.noGrad(() -> {
                Tensor known = known(vae, null);
                int[] calls = new int[2];
                Tensor z =
                        run(
                                folder,
                                (x, t, text) -> {
                                    calls[t >= 900 ? 0 : 1]++;
                                    Wan wan = t >= 900 ? noisy : clear;
                                    return wan.forward(Ops.cat(1, x, known), time(t), text, null);
                                });
                assertThat(calls[0]).isPositive();
                assertThat(calls[1]).isPositive();
                TinyFolder.requireSame(made, decode(vae, z));
                return 0;
            });
        }
    }

    @Test
    void aNetworkWithATimeForEachTokenKeepsTheFirstLatents() throws IOException {
        TinyFolder folder =
                folder("{\"_class_name\": \"%s\", \"expand_timesteps\": true}", config(4, 0, 0));
        try (TextToVideoPipeline pipeline = load(folder);
                Wan wan = network(folder, "transformer");
                AutoencoderWan vae = autoencoder(folder)) {
            Video video = pipeline.generate(request().withFirstFrame(picture(7))).getFirst();
            assertThat(video.rate()).isEqualTo(24);
            Ops.noGrad(() -> {
                Tensor first = vae.encode(pixels(picture(7)));
                var perToken = new float[LATENTS * 6];
                Tensor z =
                        run(
                                folder,
                                (x, t, text) -> {
                                    for (int i = 6; i < perToken.length; i++) {
                                        perToken[i] = (float) t;
                                    }
                                    Tensor times = Tensors.of(perToken, 1, perToken.length);
                                    return wan.forward(kept(first, x), times, text, null);
                                });
                TinyFolder.requireSame(video.frames(), decode(vae, kept(first, z)));
                return 0;
            });
            var last = request().withFirstFrame(picture(7)).withLastFrame(picture(11));
            assertThatThrownBy(() -> pipeline.resolve(last))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("this model takes a first frame, and no last one");
        }
    }

    private static Tensor kept(Tensor first, Tensor x) {
        return Ops.cat(2, first, x.narrow(2, 1, LATENTS - 1));
    }

    @Test
    void whatDoesNotFitIsSaid() throws IOException {
        TinyFolder folder = folder("{\"_class_name\": \"%s\"}", config(12, 0, 0));
        try (TextToVideoPipeline pipeline = load(folder)) {
            assertThatThrownBy(() -> pipeline.resolve(request()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("this model makes videos of a first frame: give it a picture");
        }
        folder.write("model_index.json", "{\"_class_name\": \"WanPipeline\"}");
        assertThatThrownBy(() -> load(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageEndingWith(
                        "one that starts from a picture is a WanImageToVideoPipeline");
    }

    @Test
    void aNetworkThatTakesOtherChannelsIsRefused() throws IOException {
        TinyFolder folder = folder("{\"_class_name\": \"%s\"}", config(10, 0, 0));
        try (TextToVideoPipeline pipeline = load(folder)) {
            assertThatThrownBy(() -> pipeline.generate(request().withFirstFrame(picture(7))))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage(
                            "the network takes 10 channels, but latents and what is known of them"
                                    + " have 12");
        }
    }
}
