package org.dit4j.diffusion;

/// Noise levels of a straight path whose ratios of noise to data are those of a table (diffusers,
/// `scheduling_unipc_multistep.py`, `use_karras_sigmas` with `use_flow_sigmas`).
///
/// @param ratios where the ratios come from
public record KarrasFlowLevels(TrainedLevels ratios) implements LevelSpacing {
    @Override
    public NoiseLevels levels(int steps) {
        NoiseLevels circular = ratios.levels(steps);
        Table sigma =
                Table.of(
                        steps + 1,
                        i -> {
                            double s = circular.sigma().at(i);
                            return s / (s + circular.alpha().at(i));
                        });
        int trained = ratios.training().steps();
        Table times = Table.of(steps, i -> Math.floor(sigma.at(i) * trained));
        return NoiseLevels.straight(times, sigma.map(s -> (float) s));
    }
}
