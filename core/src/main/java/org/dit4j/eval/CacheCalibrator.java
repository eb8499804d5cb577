package org.dit4j.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Caching;
import org.dit4j.diffusion.FirstBlockCache;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.StepCache;
import org.dit4j.diffusion.TaylorCache;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;

/// Tries caches on a model: draws a few pictures without a cache and with each, one picture at a
/// time, and measures their PSNR and time. Caches that fall below the floor are left out of the
/// later pictures.
///
/// @param pipeline the model
/// @param request its prompts, seed and number of pictures do not matter
/// @param pictures how many to draw
/// @param floor in dB
public record CacheCalibrator(
        Pipeline pipeline, GenerationRequest request, int pictures, double floor) {
    /// How many pictures are drawn by default.
    public static final int PICTURES = 8;

    /// The floor by default, in dB.
    public static final double FLOOR = 25;

    private static final double HOPELESS = 6; // dB below the floor, for a single picture

    /// How many pictures may be drawn.
    public static final int MOST = 100;

    private static final long FIRST_SEED = 1000;

    private static final List<String> PROMPTS =
            List.of(
                    "a red heart",
                    "一只猫的脸",
                    "a slice of pizza",
                    "火车",
                    "a green tree",
                    "蓝色的鸟",
                    "a house by the sea",
                    "微笑的脸");

    /// Checks the numbers.
    public CacheCalibrator {
        ConfigException.require(
                pictures >= 2 && pictures <= MOST,
                "a calibration draws 2 to %d pictures, not %d",
                MOST,
                pictures);
        ConfigException.require(
                floor > 0 && floor < Psnr.EQUAL,
                "a quality must be above 0 and below %s dB but is %s",
                Psnr.EQUAL,
                floor);
    }

    /// What a cache has shown so far.
    private record Shown(Caching caching, List<Double> psnr, List<Double> time) {
        boolean hopeful(double floor) {
            double mean = mean(psnr);
            return mean >= floor || (psnr.size() == 1 && mean >= floor - HOPELESS);
        }

        CacheTrial trial() {
            PsnrSpread spread = PsnrSpread.of(psnr.stream().mapToDouble(p -> p).toArray());
            double[] sorted = time.stream().mapToDouble(t -> t).sorted().toArray();
            int n = sorted.length;
            return new CacheTrial(
                    caching.text(),
                    spread.mean(),
                    spread.deviation(),
                    (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
        }

        private static double mean(List<Double> values) {
            return values.stream().mapToDouble(v -> v).average().orElse(0);
        }
    }

    private record Timed(Picture picture, double seconds) {}

    /// Returns the caches that are tried on a model that can split its network; each kind from the
    /// gentle ones to the bold.
    public static List<Caching> ladder() {
        Stream<Caching> first =
                DoubleStream.of(0.05, 0.1, 0.2, 0.35, 0.5).mapToObj(FirstBlockCache::new);
        Stream<Caching> taylor =
                Stream.of(2, 3, 4, 6)
                        .flatMap(n -> Stream.of(new TaylorCache(n, 1), new TaylorCache(n, 2)));
        Stream<Caching> step =
                Stream.of(0.05, 0.1, 0.2, 0.3, 0.45, 0.7)
                        .flatMap(h -> Stream.of(new StepCache(h, 0), new StepCache(h, 1)));
        return Stream.of(first, taylor, step).flatMap(s -> s).toList();
    }

    /// Tries the caches.
    ///
    /// @param network see [CacheCalibration.Way]
    /// @param progress is asked after every call of the network
    public CacheCalibration run(String network, Progress progress) {
        GenerationRequest plain = pipeline.resolve(request.withCaching(Caching.OFF).withCount(1));
        List<Shown> hopeful =
                new ArrayList<>(
                        ladder().stream()
                                .filter(c -> takes(plain, c))
                                .map(c -> new Shown(c, new ArrayList<>(), new ArrayList<>()))
                                .toList());
        draw(one(plain, 0), progress); // the first run loads what is loaded when it is needed
        for (int i = 0; i < pictures; i++) {
            GenerationRequest own = one(plain, i);
            Timed whole = draw(own, progress);
            for (Shown shown : hopeful) {
                Timed cached = draw(own.withCaching(shown.caching), progress);
                shown.psnr.add(Psnr.of(whole.picture, cached.picture));
                shown.time.add(cached.seconds / whole.seconds);
            }
            hopeful.removeIf(shown -> !shown.hopeful(floor));
        }
        return new CacheCalibration(
                CacheCalibration.Way.of(plain, network),
                floor,
                pictures,
                hopeful.stream().map(Shown::trial).toList());
    }

    private boolean takes(GenerationRequest plain, Caching caching) {
        try {
            pipeline.resolve(plain.withCaching(caching));
            return true;
        } catch (ConfigException e) {
            return false; // a network that cannot split
        }
    }

    private Timed draw(GenerationRequest own, Progress progress) {
        long start = System.nanoTime();
        Picture picture = pipeline.generate(own, progress).getFirst();
        return new Timed(picture, (System.nanoTime() - start) / 1e9);
    }

    /// The request of picture `i`.
    private GenerationRequest one(GenerationRequest plain, int i) {
        String prompt = prompts(pipeline, pictures).get(i);
        return plain.withPrompts(List.of(prompt)).withSeed(FIRST_SEED + i);
    }

    /// Returns what to draw to measure a model by: texts of two languages, or classes from all of
    /// its list.
    ///
    /// @param n how many
    public static List<String> prompts(Pipeline pipeline, int n) {
        if (pipeline instanceof DitPipeline classes) {
            long all = classes.classes().names().size();
            return LongStream.range(0, n).mapToObj(i -> Long.toString(i * all / n)).toList();
        }
        return IntStream.range(0, n).mapToObj(i -> PROMPTS.get(i % PROMPTS.size())).toList();
    }
}
