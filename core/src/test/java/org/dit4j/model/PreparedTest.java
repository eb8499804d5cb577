package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.GridRegion;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.RotaryScaling;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What networks compute of their texts once for a run, beside what they compute at each call.
class PreparedTest {
    /// A call of a network with noisy latents, times, and the numbers of the texts.
    interface Pass {
        Tensor predict(Tensor x, Tensor t, long... texts);
    }

    /// A network with two texts.
    ///
    /// @param plain computes everything at each call
    /// @param prepare computes once what it can
    record Calls(Parameters parameters, Pass plain, Supplier<Pass> prepare) {}

    /// A family of networks.
    ///
    /// @param once names of the weights that are needed once
    /// @param calls makes a network
    /// @param sample shape of the latents of one sample
    record Family(String name, String once, Function<Rng, Calls> calls, List<Integer> sample) {
        Tensor latents(Rng rng, int b) {
            Tensor one = rng.normal(sample.stream().mapToLong(n -> n).toArray());
            return Ops.stack(0, Collections.nCopies(b, one));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Stream<Family> families() {
        return Stream.of(
                new Family(
                        "PixArt",
                        "(y|csize|ar)_embedder.*|blocks.*cross_attn.kv_linear.*",
                        PreparedTest::pixArt,
                        List.of(4, 8, 6)),
                new Family(
                        "Hunyuan-DiT",
                        "mlp_t5.*|pooler.*|extra_embedder.*|text_embedding_padding|style_embedder.*"
                                + "|blocks.*attn2.(kv_proj|k_norm).*",
                        PreparedTest::hunyuan,
                        List.of(4, 8, 6)),
                new Family(
                        "Wan",
                        "text_embedding.*|img_emb.*"
                                + "|blocks.*cross_attn.(k|v|norm_k|k_img|v_img|norm_k_img)[.].*",
                        PreparedTest::wan,
                        List.of(3, 4, 2, 4)),
                new Family(
                        "Latte",
                        "caption_projection.*|transformer_blocks.*attn2.to_[kv].*",
                        PreparedTest::latte,
                        List.of(4, 3, 4, 4)),
                new Family(
                        "Sana",
                        "(y|cfg)_embedder.*|attention_y_norm.*"
                                + "|blocks.*cross_attn.(kv_linear|k_norm).*",
                        PreparedTest::sana,
                        List.of(4, 8, 6)),
                new Family(
                        "Stable Audio",
                        "global_proj.*|cross_attention_proj.*|transformer_blocks.*attn2.to_[kv].*",
                        PreparedTest::stableAudio,
                        List.of(3, 6)),
                new Family(
                        "Next-DiT",
                        "cap_embedder.*|layers.*(wk_y|wv_y|ky_norm|attention_y_norm).*",
                        PreparedTest::lumina,
                        List.of(4, 8, 6)),
                new Family(
                        "Lumina 2",
                        "cap_embedder.*|context_refiner.*",
                        PreparedTest::lumina2,
                        List.of(4, 8, 6)),
                new Family(
                        "MM-DiT",
                        "context_embedder.*|y_embedder.*",
                        PreparedTest::mmDit,
                        List.of(4, 8, 6)));
    }

    private static Tensor times(int b) {
        return Tensors.full(0.3, Dtype.FLOAT32, b);
    }

    @ParameterizedTest
    @MethodSource("families")
    void textsInOrderGiveTheSameBits(Family family) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Calls calls = family.calls.apply(rng);
            Tensor x = family.latents(rng, 2);
            Tensor wanted = Ops.noGrad(() -> calls.plain.predict(x, times(2), 0, 1));
            Tensor made = Ops.noGrad(() -> calls.prepare.get().predict(x, times(2), 0, 1));
            assertThat(Ops.maxAbsDifference(made, wanted)).isZero();
            // the two texts make a difference
            assertThat(Ops.maxAbsDifference(wanted.narrow(0, 0, 1), wanted.narrow(0, 1, 1)))
                    .isGreaterThan(1e-4);
            calls.parameters.close();
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void whatIsComputedOnceIsNotComputedAgain(Family family) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Calls calls = family.calls.apply(rng);
            Tensor x = family.latents(rng, 3);
            Tensor t = times(3);
            Tensor wanted = Ops.noGrad(() -> calls.plain.predict(x, t, 1, 0, 1));
            Pass run = Ops.noGrad(calls.prepare);
            Tensor made = Ops.noGrad(() -> run.predict(x, t, 1, 0, 1));
            double largest = Ops.maxAbsDifference(wanted, Ops.mul(wanted, 0));
            assertThat(Ops.maxAbsDifference(made, wanted)).isLessThan(4e-6 * Math.max(1, largest));
            NetworkChecks.spoil(calls.parameters.trained(), family.once);
            assertThat(Ops.isFinite(Ops.noGrad(() -> calls.plain.predict(x, t, 1, 0, 1))))
                    .isFalse();
            Tensor again = Ops.noGrad(() -> run.predict(x, t, 1, 0, 1));
            assertThat(Ops.maxAbsDifference(again, made)).isZero();
            calls.parameters.close();
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void runsLeaveNothingBehind(Family family) {
        try (var rng = Rng.seeded(3);
                var _ = TensorScope.open()) {
            Calls calls = family.calls.apply(rng);
            NetworkChecks.leavesNothing(() ->
                    Ops.noGrad(() -> {
                        Pass run = calls.prepare.get();
                        run.predict(family.latents(rng, 3), times(3), 1, 1, 0);
                        return run.predict(family.latents(rng, 2), times(2), 0, 1);
                    }));
            calls.parameters.close();
        }
    }

    private static Parameters randomised(Parameters parameters, Rng rng) {
        return Ops.noGrad(() -> {
            parameters.trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return parameters;
        });
    }

    private static Tensor numbers(long... texts) {
        return Tensors.of(texts, texts.length);
    }

    /// Three tokens of two texts, of which the last is padding.
    private static Tensor mask() {
        return Tensors.of(new long[] {1, 1, 0, 1, 1, 0}, 2, 3);
    }

    private static Calls pixArt(Rng rng) {
        var config = new PixArt.Config(8, 2, 4, 8, 24, 2, 2, 10, true, 2, true, 1e-6);
        PixArt dit = PixArt.initialise(config, rng);
        Tensor text = rng.normal(2, 3, 10);
        Tensor size = Tensors.of(new float[] {64, 96, 1024, 768}, 2, 2);
        Tensor ratio = Tensors.of(new float[] {0.67f, 1.33f}, 2, 1);
        Function<Tensor, PixArt.Conditions> given =
                n ->
                        new PixArt.Conditions(
                                Tensors.rows(text, n),
                                Tensors.rows(mask(), n),
                                new PixArt.Micro(Tensors.rows(size, n), Tensors.rows(ratio, n)));
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, given.apply(numbers(n))),
                () -> {
                    var all = dit.prepare(given.apply(numbers(0, 1)));
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)));
                });
    }

    private static Calls hunyuan(Rng rng) {
        var text = new HunyuanDit.Text(8, 3, 16, 5, 12, HunyuanDit.Pooled.SECOND);
        var config =
                new HunyuanDit.Config(
                        8, 2, 4, 24, 6, 3, 4, true, text, true, 4, GridRegion.Spacing.EVEN);
        HunyuanDit dit = HunyuanDit.initialise(config, rng);
        Tensor states = rng.normal(2, 4, 8); // one token beyond the length
        Tensor mask = Tensors.of(new long[] {1, 1, 0, 0, 1, 1, 1, 1}, 2, 4);
        Tensor second = rng.normal(2, 5, 16);
        Tensor secondMask = Tensors.of(new long[] {1, 1, 0, 0, 0, 1, 1, 1, 1, 0}, 2, 5);
        Tensor sizes = rng.normal(2, 6);
        Function<Tensor, HunyuanDit.Conditions> given =
                n ->
                        new HunyuanDit.Conditions(
                                Tensors.rows(states, n),
                                Tensors.rows(mask, n),
                                Tensors.rows(second, n),
                                Tensors.rows(secondMask, n),
                                Optional.of(
                                        new HunyuanDit.Meta(
                                                Tensors.rows(sizes, n),
                                                Tensors.zeros(Dtype.INT64, n.size(0)))));
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, given.apply(numbers(n))),
                () -> {
                    var all = dit.prepare(given.apply(numbers(0, 1)));
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)), List.of());
                });
    }

    private static Calls wan(Rng rng) {
        var config =
                new Wan.Config(
                        new VideoPatch(2, 1, 2), 3, 4, 24, 2, 2, 32, 16, 7, 5, 0, 5, true, 1e-6);
        Wan dit = Wan.initialise(config, rng);
        Tensor text = rng.normal(2, 3, 7);
        Tensor image = rng.normal(2, 2, 5);
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, Tensors.rows(text, n), Tensors.rows(image, n)),
                () -> {
                    var all = dit.prepare(text, image);
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)));
                });
    }

    private static Calls latte(Rng rng) {
        var config = new LatteText.Config(8, 2, 4, 8, 24, 2, 2, 10, 3, true, false, 1e-6);
        LatteText dit = LatteText.initialise(config, rng);
        Tensor text = rng.normal(2, 3, 10);
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, Tensors.rows(text, n), null, true),
                () -> {
                    var all = dit.prepare(text);
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)), null, true);
                });
    }

    private static Calls sana(Rng rng) {
        var config =
                new Sana.Config(
                        8, 2, 4, 4, 24, 2, 3, 2, 10, 2.5, false, true, 1.0, true, 0.1, 1, false,
                        1e-6);
        Sana dit = Sana.initialise(config, rng);
        Tensor text = rng.normal(2, 3, 10);
        Tensor guidance = Tensors.of(new float[] {0.45f, 0.1f}, 2);
        Function<Tensor, Sana.Conditions> given =
                n ->
                        new Sana.Conditions(
                                Tensors.rows(text, n),
                                Tensors.rows(mask(), n),
                                Tensors.rows(guidance, n));
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, given.apply(numbers(n))),
                () -> {
                    var all = dit.prepare(given.apply(numbers(0, 1)));
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)));
                });
    }

    private static Calls stableAudio(Rng rng) {
        var config = new StableAudio.Config(6, 3, 4, 8, 4, 2, 2, 5, 7, 9, 10);
        StableAudio dit = StableAudio.initialise(config, rng);
        Tensor text = rng.normal(2, 4, 5);
        Tensor times = rng.normal(2, 1, 9);
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, Tensors.rows(text, n), Tensors.rows(times, n)),
                () -> {
                    var all = dit.prepare(text, times);
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)));
                });
    }

    private static Calls lumina(Rng rng) {
        var config =
                new LuminaDit.Config(
                        LuminaDit.Generation.NEXT,
                        new LuminaDit.Conditioning.Captions(10, true),
                        8,
                        2,
                        4,
                        new LuminaLayers(2, 32, 4, 2, 16, 1.2, 1e-5, true),
                        true,
                        true,
                        RotaryScaling.NONE);
        LuminaDit dit = LuminaDit.initialise(config, rng);
        Tensor text = rng.normal(2, 3, 10);
        var plain = new LuminaDit.Extrapolation(RotaryScaling.NONE, OptionalInt.empty());
        Function<Tensor, LuminaDit.Condition> given =
                n ->
                        new LuminaDit.Condition.Captions(
                                Tensors.rows(text, n), Tensors.rows(mask(), n));
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, given.apply(numbers(n)), plain),
                () -> {
                    var all = dit.prepare(given.apply(numbers(0, 1)));
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)), plain);
                });
    }

    private static Calls lumina2(Rng rng) {
        var config =
                new Lumina2.Config(
                        8,
                        2,
                        4,
                        3,
                        new LuminaLayers(2, 24, 2, 1, 16, 1.2, 1e-5, true),
                        1,
                        10,
                        List.of(4, 2, 6),
                        List.of(6, 7, 5));
        Lumina2 dit = Lumina2.initialise(config, rng);
        Tensor text = rng.normal(2, 3, 10);
        return new Calls(
                randomised(dit.parameters(), rng),
                (x, t, n) -> dit.forward(x, t, Tensors.rows(text, n), Tensors.rows(mask(), n)),
                () -> {
                    var all = dit.prepare(text, mask());
                    return (x, t, n) -> dit.forward(x, t, all.rows(numbers(n)));
                });
    }

    private static Calls mmDit(Rng rng) {
        MmDit dit = TinyMmDit.trained(TinyMmDit.tiny(), rng);
        Tensor text = rng.normal(2, 5, TinyMmDit.TEXT);
        Tensor pooled = rng.normal(2, TinyMmDit.POOLED);
        return new Calls(
                dit.parameters(),
                (x, t, n) -> dit.forward(x, t, Tensors.rows(text, n), Tensors.rows(pooled, n)),
                () -> {
                    var all = dit.prepare(text, pooled);
                    return (x, t, n) -> {
                        var call = dit.split(x, t, all.rows(numbers(n)), MmDit.Changes.NONE);
                        return call.answer(call.rest());
                    };
                });
    }
}
