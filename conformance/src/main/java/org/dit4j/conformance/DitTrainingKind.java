package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.GaussianLoss;
import org.dit4j.diffusion.LossTerms;
import org.dit4j.diffusion.NoiseSchedule;
import org.dit4j.diffusion.Target;
import org.dit4j.diffusion.Variance;
import org.dit4j.model.Dit;
import org.dit4j.model.DitConfigs;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.train.AdamW;
import org.dit4j.train.Ema;
import tools.jackson.databind.node.ObjectNode;

/// A DiT trained as the original `train.py` does, with recorded draws: `training/dit_train*`.
final class DitTrainingKind implements CaseKind {
    private static final double LEARNING_RATE = 1e-4;
    private static final double EMA_DECAY = 0.9999;

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("training/dit_train");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        Dit.Config config = DitConfigs.parse(((ObjectNode) c.value("config")).deepCopy(), c.name());
        try (var rng = Rng.seeded(0);
                var dit = Dit.initialise(config, rng);
                var optimizer = new AdamW(dit.parameters(), AdamW.Options.DIT)) {
            load(c, dit);
            try (var ema = new Ema(dit.parameters())) {
                train(c, dit, optimizer, ema, out);
                compare("out.model.", dit.parameters().all(), out);
                compare("out.ema.", ema.weights(), out);
            }
        }
    }

    /// Every parameter comes from the case, and every one of the case is used.
    private static void load(ReferenceCase c, Dit dit) {
        Map<String, Tensor> weights = dit.parameters().all();
        for (String name : c.names()) {
            if (name.startsWith("in.model.") && !weights.containsKey(name.substring(9))) {
                throw new Dit4jException("the network has no parameter " + name.substring(9));
            }
        }
        Ops.noGrad(() -> {
            weights.forEach((name, w) -> w.copy_(c.tensor("in.model." + name)));
            return 0;
        });
    }

    private static void train(ReferenceCase c, Dit dit, AdamW optimizer, Ema ema, Findings out) {
        boolean learnSigma = dit.config().learnSigma();
        var process =
                new GaussianDiffusion(
                        NoiseSchedule.linear(1000),
                        Target.EPSILON,
                        learnSigma ? Variance.LEARNED_RANGE : Variance.FIXED_LARGE);
        var loss = GaussianLoss.mse(process);
        List<Tensor> losses = new ArrayList<>();
        List<Tensor> mses = new ArrayList<>();
        List<Tensor> vbs = new ArrayList<>();
        long steps = c.tensor("in.x").size(0);
        for (long i = 0; i < steps; i++) {
            try (var scope = TensorScope.open()) {
                LossTerms terms = step(c, i, dit, loss);
                terms.loss().mean().backward();
                if (i == 0) {
                    compare("out.grad0.", optimizer.gradients(), out);
                }
                optimizer.step(LEARNING_RATE);
                ema.update(EMA_DECAY);
                losses.add(scope.promote(terms.loss().detach().clone()));
                mses.add(scope.promote(Objects.requireNonNull(terms.mse()).detach().clone()));
                if (terms.vb() != null) {
                    vbs.add(scope.promote(terms.vb().detach().clone()));
                }
            }
        }
        out.compare("out.loss", Ops.stack(0, losses));
        if (c.has("out.mse")) {
            out.compare("out.mse", Ops.stack(0, mses));
        }
        if (c.has("out.vb")) {
            out.compare("out.vb", Ops.stack(0, vbs));
        }
    }

    private static LossTerms step(ReferenceCase c, long i, Dit dit, GaussianLoss loss) {
        Tensor y = c.tensor("in.y").select(0, i);
        Tensor dropped =
                y.masked_fill(
                        c.tensor("in.drop").select(0, i),
                        Ops.like(Tensors.scalar(dit.config().nullLabel()), y));
        Denoiser denoiser = (x, t) -> dit.forward(x, t, dropped);
        return loss.of(
                denoiser,
                c.tensor("in.x").select(0, i),
                c.tensor("in.t").select(0, i),
                c.tensor("in.noise").select(0, i));
    }

    private static void compare(String prefix, Map<String, Tensor> tensors, Findings out) {
        tensors.forEach((name, t) -> out.compare(prefix + name, t));
    }
}
