package org.dit4j.conformance;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.DiffusionForm;
import org.dit4j.diffusion.FlowLoss;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Interpolant;

/// What the cases of `diffusion/transport_*` share: the process that a call creates (SiT,
/// `transport/__init__.py`, `create_transport`) and the network it names.
final class FlowCases {
    private static final Pattern CREATE =
            Pattern.compile("create_transport\\('(\\w+)',\\s*'(\\w+)'(?:,\\s*'?(\\w+)'?)?\\)");

    private FlowCases() {}

    static FlowMatching flow(String call) {
        Matcher m = created(call);
        return FlowMatching.of(path(m.group(1)), FlowTarget.valueOf(upper(m.group(2))));
    }

    static FlowLoss loss(String call) {
        String weight = created(call).group(3);
        return new FlowLoss(
                flow(call),
                weight == null ? FlowLoss.Weight.NONE : FlowLoss.Weight.valueOf(upper(weight)));
    }

    static Interpolant path(String name) {
        return Interpolant.valueOf(upper(name));
    }

    /// The reference spells one of the names `inccreasing-decreasing`.
    static DiffusionForm form(String name) {
        return DiffusionForm.valueOf(upper(name).replace("INCC", "INC").replace('-', '_'));
    }

    /// The network `in.model_<target>` of the case, with the labels of the call.
    static Denoiser denoiser(ReferenceCase c, String id, FlowTarget target) {
        String own = "model_" + target.name().toLowerCase(Locale.ROOT);
        var model = AnalyticModel.of(c, c.has("in." + own + ".W") ? own : "model");
        Tensor y = c.in(id, "y");
        return (x, t) -> model.predict(x, t, y);
    }

    private static Matcher created(String call) {
        Matcher m = CREATE.matcher(call);
        if (!m.find()) {
            throw new Dit4jException("no create_transport(...) in " + call);
        }
        return m;
    }

    private static String upper(String name) {
        return name.toUpperCase(Locale.ROOT);
    }
}
