package org.dit4j.app;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.model.Dit;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.train.AdamW;
import org.dit4j.train.Ema;

/// One training step as DiT's `train.py` makes it, on random latents: loss with the learned
/// variance, gradients, AdamW, averaged weights; with bfloat16 the products run under autocast.
final class TrainedStep implements Runnable, AutoCloseable {
    private final GaussianDiffusion process = GaussianDiffusion.dit();
    private final Rng rng = Rng.seeded(0);
    private final int batch;
    private final Dtype dtype;
    private final Device device;
    private final Dit dit;
    private final AdamW optimizer;
    private final Ema ema;

    TrainedStep(Dit.Config config, int batch, Dtype dtype, Device device) {
        this.batch = batch;
        this.dtype = dtype;
        this.device = device;
        dit = new Dit(ParameterSource.initialising(rng, Dtype.FLOAT32, device), config);
        optimizer = new AdamW(dit.parameters(), AdamW.Options.DIT);
        ema = new Ema(dit.parameters());
    }

    long parameters() {
        return dit.parameters().count();
    }

    @Override
    public void run() {
        try (var _ = TensorScope.open()) {
            int s = dit.config().inputSize();
            Tensor x0 = Ops.to(rng.normal(batch, dit.config().inChannels(), s, s), device);
            Tensor t = rng.integers(process.steps(), batch);
            Tensor y = rng.integers(dit.config().numClasses(), batch);
            Denoiser denoiser =
                    (x, time) ->
                            Ops.to(
                                    Ops.autocast(dtype, device, () -> dit.forward(x, time, y)),
                                    Dtype.FLOAT32);
            Tensor noise = Ops.to(rng.normal(batch, dit.config().inChannels(), s, s), device);
            process.trainingLosses(denoiser, x0, t, noise).loss().mean().backward();
            optimizer.step(1e-4);
            ema.update(0.9999);
        }
        device.synchronize();
    }

    @Override
    public void close() {
        ema.close();
        optimizer.close();
        dit.close();
        rng.close();
    }
}
