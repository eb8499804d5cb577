package org.dit4j.conformance;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.eval.InceptionV3;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// The network of the FID with weights from a formula: `metrics/inception*`.
final class InceptionKind implements CaseKind {
    /// The part of the result that the case keeps, such as `[:, ::8, ::9, ::9]`.
    private static final Pattern STEPS = Pattern.compile("\\[:, ([:\\d, ]+)\\]");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("metrics/inception");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var inception = new InceptionV3(new HashedWeights())) {
            inception
                    .parameters()
                    .all()
                    .forEach((name, w) -> {
                        String first = "weights." + name;
                        if (c.has(first)) {
                            long n = c.tensor(first).numel();
                            out.compare(first, w.flatten().narrow(0, 0, n));
                        }
                    });
            for (String id : c.calls()) {
                run(c, id, inception, out);
            }
        }
    }

    private static void run(ReferenceCase c, String id, InceptionV3 inception, Findings out) {
        Tensor x = Ops.div(Ops.to(c.in(id, "images"), Dtype.FLOAT32), 255);
        compare(c, c.named(id, "out.resized"), InceptionV3.resized(x), out);
        List<Tensor> blocks = inception.blocks(x);
        for (int i = 0; i < 3; i++) {
            compare(c, c.named(id, "out.block" + i), blocks.get(i), out);
        }
        Tensor features = blocks.getLast().flatten(1, -1);
        out.compare(c.named(id, "out.pool3"), features);
        Tensor images = Ops.add(Ops.mul(x, 2), -1);
        out.compare(c.named(id, "out.logits"), inception.logits(inception.features(images)));
    }

    private static void compare(ReferenceCase c, String name, Tensor whole, Findings out) {
        String text = c.json().path("tensors").path(name).asString("");
        Matcher steps = STEPS.matcher(text.substring(text.indexOf(']') + 1));
        if (!steps.find()) {
            throw new Dit4jException("the description of " + name + " does not say what is kept");
        }
        Tensor x = whole;
        String[] axes = steps.group(1).split(",", -1);
        for (int i = 0; i < axes.length; i++) {
            String step = axes[i].replace(":", "").strip();
            x = step.isEmpty() ? x : every(x, i + 1, Integer.parseInt(step));
        }
        out.compare(name, x);
    }

    private static Tensor every(Tensor x, int axis, int step) {
        var index = new long[(int) ((x.size(axis) + step - 1) / step)];
        for (int i = 0; i < index.length; i++) {
            index[i] = (long) i * step;
        }
        return x.index_select(axis, Tensors.of(index, index.length));
    }
}
