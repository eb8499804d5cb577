package org.dit4j.app;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `dit4j bench decode`: from latents to a picture.
@Command(
        name = "decode",
        description = {
            "Time the decoder of Stable Diffusion's autoencoder with random weights on one picture.",
            "",
            "In bf16 also prints how close the picture is to that of float32 with the same latents and"
                    + " weights, in dB: the peak is the range of the values of the picture in float32."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j bench decode --size 256 --precision bf16",
            "  dit4j bench decode --size 512 --precision fp32 --json"
        })
final class DecodeBench implements Callable<Integer> {
    // diffusers, `vae/config.json` of Stable Diffusion 1.5
    private static final AutoencoderKl.Config CONFIG =
            AutoencoderKl.Config.of(
                    List.of(128, 256, 512, 512), 2, 4, 32, true, 512, LatentScale.of(0.18215, 0));

    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private BenchOptions options = new BenchOptions();

    @Option(
            names = "--size",
            paramLabel = "N",
            defaultValue = "256",
            description = "Height and width of the picture (default: ${DEFAULT-VALUE}).")
    private int size;

    @Override
    public Integer call() {
        BenchOptions.within("--size", size, 8, 4096);
        ConfigException.require(
                size % CONFIG.downsampling() == 0,
                "--size must be a multiple of %d but is %d",
                CONFIG.downsampling(),
                size);
        options.apply();
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(0);
                var network = new AutoencoderKl(fresh(rng, Dtype.FLOAT32), CONFIG)) {
            network.parameters().requireGrad(false);
            int side = size / CONFIG.downsampling();
            Tensor z =
                    Ops.to(
                            rng.normal(1, CONFIG.latentChannels(), side, side),
                            options.place.device());
            report(network, z);
        }
        return 0;
    }

    private void report(AutoencoderKl network, Tensor z) {
        if (options.dtype() == Dtype.FLOAT32) {
            print(network, z, Map.of());
            return;
        }
        Tensor exact = network.decode(z);
        try (var rounded = rounded(network)) {
            Tensor latents = Ops.to(z, options.dtype());
            double psnr = peakSignalToNoise(exact, rounded.decode(latents));
            print(rounded, latents, Map.of("psnr_db", psnr));
        }
    }

    private void print(AutoencoderKl network, Tensor z, Map<String, Double> results) {
        Timing timing =
                options.measure(() -> {
                    try (var _ = TensorScope.open()) {
                        Ops.isFinite(network.decode(z)); // waits for the device
                    }
                });
        var report =
                new BenchReport(
                        "decode",
                        "Stable Diffusion's autoencoder, %d x %d pixels".formatted(size, size),
                        Map.of("size", size),
                        1,
                        timing,
                        results);
        options.print(report, spec.commandLine().getOut());
    }

    private ParameterSource fresh(Rng rng, Dtype dtype) {
        return ParameterSource.initialising(rng, dtype, options.place.device());
    }

    /// The same weights in the element type of the benchmark.
    private AutoencoderKl rounded(AutoencoderKl network) {
        try (var rng = Rng.seeded(0)) {
            var copy = new AutoencoderKl(fresh(rng, options.dtype()), CONFIG);
            copy.parameters().requireGrad(false);
            Map<String, Tensor> exact = network.parameters().trained();
            copy.parameters().trained().forEach((name, w) -> w.copy_(exact.get(name)));
            return copy;
        }
    }

    private static double peakSignalToNoise(Tensor exact, Tensor rounded) {
        Tensor e = Ops.to(exact, Dtype.FLOAT64);
        Tensor error = e.sub(Ops.to(rounded, Dtype.FLOAT64));
        double range = Ops.item(e.max()) - Ops.item(e.min());
        return 10 * Math.log10(range * range / Ops.item(error.mul(error).mean()));
    }
}
