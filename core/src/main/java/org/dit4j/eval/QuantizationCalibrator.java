package org.dit4j.eval;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.QuantizationTrials;
import org.dit4j.checkpoint.QuantizationTrials.Matrix;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Caching;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.eval.QuantizationCalibration.Sensitivity;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.tensor.Tensors;

/// Finds the matrices that must not be quantized for pictures to keep to a budget.
///
/// Each matrix is quantized alone in a short run of a few pictures; what that changes in the final
/// latents, for each byte that it saves, is how sensitive the matrix is. Then as few of the most
/// sensitive as possible stay as they are: their number is found by halving, each time with whole
/// pictures against those of the model as it is, of the same noise.
///
/// @param pipeline the model, loaded with `trials`
/// @param trials its matrices, not quantized
/// @param request how to draw the pictures, one of each prompt, two or more
/// @param budget least mean PSNR less one standard deviation, in dB
public record QuantizationCalibrator(
        Pipeline pipeline, QuantizationTrials trials, GenerationRequest request, double budget) {
    private static final int SHORT_STEPS = 6;
    private static final int SHORT_PICTURES = 4;

    /// Returns how many runs there are at most.
    ///
    /// @param matrices to try
    public static int runs(int matrices) {
        return 3 + matrices + (Integer.SIZE - Integer.numberOfLeadingZeros(matrices));
    }

    /// Measures. The trials are left as they came.
    ///
    /// @param progress is asked after every call of the network
    /// @return nothing if the budget allows no matrix to be quantized
    /// @throws ConfigException if there are no matrices to try
    public Optional<QuantizationCalibration> run(Progress progress) {
        GenerationRequest whole = pipeline.resolve(request.withCaching(Caching.OFF).withCount(1));
        List<Picture> plain = pipeline.generate(whole, progress);
        try {
            return new Search(whole, plain, ranked(whole, progress), progress).run();
        } finally {
            trials.matrices().forEach(m -> m.weight().quantize(false));
        }
    }

    /// The matrices, those with the highest price first.
    private List<Sensitivity> ranked(GenerationRequest whole, Progress progress) {
        int pictures = Math.min(SHORT_PICTURES, whole.prompts().size());
        GenerationRequest brief =
                whole.withPrompts(whole.prompts().subList(0, pictures))
                        .withSteps(Math.min(SHORT_STEPS, whole.steps()));
        double[] plain = latents(brief, progress);
        List<Matrix> matrices = trials.matrices();
        ConfigException.require(
                !matrices.isEmpty(), "the model has no matrix of a block that can be quantized");
        var errors = new double[matrices.size()];
        for (int i = 0; i < errors.length; i++) {
            matrices.get(i).weight().quantize(true);
            errors[i] = meanSquare(plain, latents(brief, progress));
            matrices.get(i).weight().quantize(false);
        }
        double sum = Math.max(Double.MIN_NORMAL, DoubleStream.of(errors).sum());
        return IntStream.range(0, errors.length)
                .mapToObj(i -> new Sensitivity(matrices.get(i), errors[i], errors[i] / sum))
                .sorted(Comparator.comparingDouble(Sensitivity::price).reversed())
                .toList();
    }

    private double[] latents(GenerationRequest brief, Progress progress) {
        var last = new LastLatents(progress);
        pipeline.generate(brief, last);
        return last.values;
    }

    private static double meanSquare(double[] x, double[] y) {
        return IntStream.range(0, x.length)
                .mapToDouble(i -> (x[i] - y[i]) * (x[i] - y[i]))
                .average()
                .orElse(0);
    }

    /// Keeps what a run ends with.
    private static final class LastLatents implements Progress {
        private final Progress progress;
        private double[] values = new double[0];

        LastLatents(Progress progress) {
            this.progress = progress;
        }

        @Override
        public boolean proceed(SamplerState state, int calls) {
            values = Tensors.doubles(state.x());
            return progress.proceed(state, calls);
        }
    }

    /// Looks for the smallest number of matrices to keep.
    private final class Search {
        private final GenerationRequest whole;
        private final List<Picture> plain;
        private final List<Sensitivity> ranked;
        private final Progress progress;

        Search(
                GenerationRequest whole,
                List<Picture> plain,
                List<Sensitivity> ranked,
                Progress progress) {
            this.whole = whole;
            this.plain = plain;
            this.ranked = ranked;
            this.progress = progress;
        }

        Optional<QuantizationCalibration> run() {
            PsnrSpread all = measured(0);
            PsnrSpread best = all;
            int low = all.safe() >= budget ? 0 : ranked.size(); // is enough, as far as is known
            for (int fails = 0; low - fails > 1; ) {
                int middle = (low + fails) / 2;
                PsnrSpread spread = measured(middle);
                if (spread.safe() >= budget) {
                    low = middle;
                    best = spread;
                } else {
                    fails = middle;
                }
            }
            return low == ranked.size() ? Optional.empty() : Optional.of(result(low, all, best));
        }

        private PsnrSpread measured(int kept) {
            for (int i = 0; i < ranked.size(); i++) {
                ranked.get(i).matrix().weight().quantize(i >= kept);
            }
            List<Picture> pictures = pipeline.generate(whole, progress);
            return PsnrSpread.of(
                    IntStream.range(0, plain.size())
                            .mapToDouble(i -> Psnr.of(plain.get(i), pictures.get(i)))
                            .toArray());
        }

        private QuantizationCalibration result(int kept, PsnrSpread all, PsnrSpread best) {
            double left = ranked.stream().skip(kept).mapToDouble(Sensitivity::share).sum();
            return new QuantizationCalibration(
                    ranked,
                    kept,
                    Math.min(Psnr.EQUAL, all.mean() - 10 * Math.log10(left)),
                    best,
                    new QuantizationCalibration.Way(
                            plain.size(), whole.steps(), whole.sampler(), whole.guide().scale()));
        }
    }
}
