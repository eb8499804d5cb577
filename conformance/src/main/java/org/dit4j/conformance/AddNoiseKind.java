package org.dit4j.conformance;

import java.util.ArrayList;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.FlowLevels;
import org.dit4j.diffusion.FlowShift;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.NoiseCurve;
import org.dit4j.diffusion.NoiseLevels;
import org.dit4j.diffusion.RoundedBetas;
import org.dit4j.diffusion.Target;
import org.dit4j.diffusion.TrainedLevels;
import org.dit4j.diffusion.Variance;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Noised samples and their velocities as diffusers computes them: `schedulers/add_noise`.
final class AddNoiseKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().equals("schedulers/add_noise");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        var schedule = RoundedBetas.named("scaled_linear", 0.00085, 0.012, 1000, false);
        var diffusion = new GaussianDiffusion(schedule, Target.V, Variance.FIXED_SMALL);
        Tensor x = c.in("", "x");
        Tensor noise = c.in("", "noise");
        Tensor t = c.in("", "t");
        out.compare("out.ddpm_add_noise", diffusion.noised(x, t, noise));
        out.compare("out.ddpm_velocity", diffusion.targetOf(x, t, noise));
        for (int shift : new int[] {1, 3}) {
            flow(c, shift, out);
        }
        // all samples at level 3 of 10, in the coordinates of EulerDiscreteScheduler
        NoiseLevels levels = TrainedLevels.closed(diffusion, NoiseCurve.GIVEN).levels(10);
        Tensor noised = levels.noised(x, noise, 3);
        out.compare("out.euler_add_noise", Ops.div(noised, levels.alpha().at(3)));
    }

    private static void flow(ReferenceCase c, int shift, Findings out) {
        var fixed = new FlowShift.Fixed(shift);
        FlowLevels spacing = FlowLevels.of(1000, FlowLevels.Grid.TRAINED, fixed);
        double[] trained = spacing.trainedLevels().values();
        Tensor sigmas = Tensors.of(trained, trained.length);
        out.compare("out.flow_train_sigmas_shift" + shift, sigmas);
        out.compare("out.flow_train_timesteps_shift" + shift, Ops.mul(sigmas, 1000));
        NoiseLevels levels = spacing.levels(10);
        float[] times = Tensors.floats(c.in("", "flow_t_shift" + shift));
        var noised = new ArrayList<Tensor>();
        for (int i = 0; i < times.length; i++) {
            Tensor x = c.in("", "x").select(0, i);
            Tensor noise = c.in("", "noise").select(0, i);
            noised.add(levels.noised(x, noise, indexOf(times[i], levels)));
        }
        out.compare("out.flow_scale_noise_shift" + shift, Ops.stack(0, noised));
    }

    private static int indexOf(float time, NoiseLevels levels) {
        int nearest = 0;
        for (int i = 0; i < levels.timesteps().size(); i++) {
            double distance = Math.abs(levels.timesteps().at(i) - time);
            nearest = distance < Math.abs(levels.timesteps().at(nearest) - time) ? i : nearest;
        }
        return nearest;
    }
}
