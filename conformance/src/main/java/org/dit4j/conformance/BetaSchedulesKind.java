package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Betas;
import org.dit4j.diffusion.NoiseSchedule;
import org.dit4j.diffusion.Respacing;
import org.dit4j.tensor.Tensors;

/// The beta schedules and the spacing of timesteps: tensors named `out.named.<schedule>.<steps>`,
/// `out.plain.<schedule>.<steps>` and `out.space.<steps>.<sections>`.
final class BetaSchedulesKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/beta_schedules");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String name : c.names()) {
            String[] parts = name.split("\\.", 4);
            if (parts.length == 4 && parts[0].equals("out")) {
                out.compare(name, of(c, parts[1], parts[2], parts[3]));
            }
        }
    }

    private static Tensor of(ReferenceCase c, String kind, String first, String second) {
        return switch (kind) {
            case "named" -> floats(NoiseSchedule.named(first, number(second)).betas().values());
            case "plain" -> {
                double start = Double.parseDouble(call(c).argument("beta_start", "1e-4"));
                double end = Double.parseDouble(call(c).argument("beta_end", "0.02"));
                yield floats(Betas.between(first, start, end, number(second)));
            }
            case "space" -> {
                int[] steps = Respacing.space(number(first), second);
                var wide = new long[steps.length];
                java.util.Arrays.setAll(wide, i -> steps[i]);
                yield Tensors.of(wide, wide.length);
            }
            default -> throw new org.dit4j.Dit4jException("no such result: " + kind);
        };
    }

    private static Call call(ReferenceCase c) {
        return new Call(c.json().path("tensors").path("out.plain.linear.10").asString(""));
    }

    private static int number(String text) {
        return Integer.parseInt(text);
    }

    private static Tensor floats(double[] values) {
        return Tensors.of(values, values.length);
    }
}
