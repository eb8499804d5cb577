package org.dit4j.conformance;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.FlowLoss;
import org.dit4j.diffusion.LossTerms;

/// Training losses of flow matching and their gradients: `diffusion/transport_losses`.
final class FlowLossesKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/transport_losses");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            FlowLoss loss = FlowCases.loss(c.call(id));
            AnalyticModel model = AnalyticModel.of(c, "model").trainable();
            Tensor t = loss.flow().trainTimes(c.in(id, "u"));
            var prediction = new AtomicReference<Tensor>();
            LossTerms terms =
                    loss.of(
                            (x, time) -> {
                                prediction.set(model.predict(x, time, c.in(id, "y")));
                                return prediction.get();
                            },
                            c.in(id, "x1"),
                            t,
                            c.in(id, "x0"));
            out.compare(c.named(id, "out.t"), t);
            out.compare(c.named(id, "out.loss"), terms.loss());
            out.compare(c.named(id, "out.pred"), Objects.requireNonNull(prediction.get()));
            terms.loss().mean().backward();
            compareGradients(c, id, model, out);
        }
    }

    private static void compareGradients(
            ReferenceCase c, String id, AnalyticModel model, Findings out) {
        List<String> names = model.names();
        for (int i = 0; i < names.size(); i++) {
            String full = c.named(id, "out.grad." + names.get(i));
            if (c.has(full)) {
                out.compare(full, model.parameters().get(i).grad());
            }
        }
    }
}
