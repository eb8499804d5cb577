package org.dit4j.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderConfigs;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.autoencoder.Posterior;
import org.dit4j.data.Grid;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/// Trains an autoencoder on pictures: mean absolute error, plus the divergence of the posterior
/// (Rombach et al. 2022, arXiv:2112.10752, appendix G, without its adversarial and perceptual
/// terms).
public final class AutoencoderTask implements TrainingTask {
    /// Weights of the terms.
    ///
    /// @param l1 of the mean absolute error over all values of the pictures
    /// @param l2 of the mean squared error
    /// @param kl of the divergence from the standard normal distribution, in nats for each latent
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Loss(double l1, double l2, double kl) {
        /// Checks the weights.
        public Loss {
            ConfigException.require(
                    l1 >= 0 && l2 >= 0 && kl >= 0 && l1 + l2 > 0,
                    "the weights l1, l2 and kl must not be negative, and l1 or l2 must be positive, but are %s, %s and %s",
                    l1,
                    l2,
                    kl);
        }
    }

    private static final int SHOWN = 16;
    private static final int MEASURED = 512;

    private final AutoencoderKl network;
    private final TrainingPictures pictures;
    private final Loss loss;
    private final RunConfig.Precision precision;

    AutoencoderTask(
            AutoencoderKl network,
            TrainingPictures pictures,
            Loss loss,
            RunConfig.Precision precision) {
        this.network = network;
        this.pictures = pictures;
        this.loss = loss;
        this.precision = precision;
    }

    /// Opens the task that a configuration describes.
    static AutoencoderTask open(
            RunConfig.AutoencoderRun run, Device device, TrainingListener listener) {
        AutoencoderKl.Config config = AutoencoderConfigs.parseKl(run.model(), "model");
        int f = config.downsampling();
        ConfigException.require(
                run.data().size() % f == 0,
                "data.size %d must be divisible by %d, the downsampling of the autoencoder",
                run.data().size(),
                f);
        TrainingPictures pictures = TrainingPictures.read(run.data(), listener);
        try (var rng = Rng.seeded(run.trainer().seed())) {
            return new AutoencoderTask(
                    new AutoencoderKl(
                            ParameterSource.initialising(rng, Dtype.FLOAT32, device), config),
                    pictures,
                    run.loss(),
                    run.precision());
        }
    }

    @Override
    public Parameters parameters() {
        return network.parameters();
    }

    @Override
    public int size() {
        return pictures.size();
    }

    @Override
    public double[] weights() {
        return pictures.weights();
    }

    @Override
    public BatchLoss backward(int[] examples, Rng rng, double weight) {
        Tensor x = Ops.to(pictures.batch(examples, rng), network.device()); // [B, 3, H, W]
        return Ops.autocast(
                precision.dtype(),
                network.device(),
                () -> {
                    Posterior q = network.posterior(x);
                    Tensor error = network.reconstruct(q.sample(rng)).sub(x);
                    Tensor l1 = Ops.meanFlat(error.abs()); // [B]
                    Tensor l2 = Ops.meanFlat(error.square());
                    Tensor kl = Ops.mul(q.kl(), (double) x.size(0) / q.mean().numel());
                    Tensor all =
                            Ops.mul(l1, loss.l1)
                                    .add(Ops.mul(l2, loss.l2))
                                    .add(Ops.mul(kl, loss.kl));
                    Ops.mul(all.mean(), weight).backward();
                    var terms = new LinkedHashMap<String, Double>();
                    terms.put("loss", Ops.item(all.mean()));
                    terms.put("l1", Ops.item(l1.mean()));
                    // of values in [-1, 1]: the peak is 2
                    terms.put("psnr", 10 * Math.log10(4 / Ops.item(l2.mean())));
                    terms.put("kl", Ops.item(kl.mean()));
                    return new BatchLoss(terms, Tensors.floats(all), new double[0]);
                });
    }

    /// Pictures above their reconstructions.
    @Override
    public void sample(Path png) {
        Ops.noGrad(() -> {
            try (var _ = TensorScope.open()) {
                Tensor x = batch(pictures.spread(SHOWN, SHOWN).getFirst());
                Tensor y = network.reconstruct(network.posterior(x).mode());
                var rows = new ArrayList<>(Picture.ofBatch(x));
                rows.addAll(Picture.ofBatch(y));
                PictureFile.write(png, Grid.of(rows, SHOWN));
            }
            return 0;
        });
    }

    /// Writes the weights with a scale that gives the latents variance 1 (arXiv:2112.10752,
    /// appendix D.1), as measured on pictures from all over the data.
    @Override
    public void export(Path folder) {
        double std =
                Ops.noGrad(() -> {
                    try (var rng = Rng.seeded(0)) {
                        return latentStd(rng);
                    }
                });
        AutoencoderKl.save(
                folder,
                network.config().withScale(LatentScale.of(1 / std, 0)),
                network.parameters().all());
    }

    private Tensor batch(int[] examples) {
        return Ops.to(pictures.batch(examples), network.device());
    }

    private double latentStd(Rng rng) {
        try (var _ = TensorScope.open()) {
            var z = new ArrayList<Tensor>();
            for (int[] batch : pictures.spread(MEASURED, SHOWN)) {
                z.add(TensorScope.compute(() -> network.posterior(batch(batch)).sample(rng)));
            }
            return Ops.item(Ops.cat(0, z.toArray(Tensor[]::new)).std());
        }
    }

    @Override
    public void close() {
        pictures.close();
        network.parameters().close();
    }
}
