package org.dit4j.conformance;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.eval.FeatureStatistics;
import org.dit4j.eval.FrechetDistance;
import org.dit4j.eval.InceptionScore;
import org.dit4j.eval.KernelDistance;
import org.dit4j.eval.Manifold;
import org.dit4j.tensor.Tensors;

/// Fréchet and kernel distance, precision and recall, Inception Score on given features:
/// `metrics/features*`.
final class FeatureMetricsKind implements CaseKind {
    private static final Pattern NEIGHBOUR = Pattern.compile(".*out\\.radii_ref_k(\\d+)");
    private static final Pattern SPLIT = Pattern.compile("split_size=(\\d+)");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("metrics/features");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            if (c.hasIn(id, "logits")) {
                inceptionScore(c, id, out);
            } else {
                frechet(c, id, out);
                kernel(c, id, out);
                manifolds(c, id, out);
            }
        }
    }

    private static void inceptionScore(ReferenceCase c, String id, Findings out) {
        String name = c.named(id, "out.score");
        Matcher split = SPLIT.matcher(c.json().path("tensors").path(name).asString(""));
        int part = split.find() ? Integer.parseInt(split.group(1)) : InceptionScore.PART;
        out.compare(name, scalar(InceptionScore.of(c.in(id, "logits"), part)));
    }

    private static void frechet(ReferenceCase c, String id, Findings out) {
        var real = FeatureStatistics.of(c.in(id, "ref"));
        var generated = FeatureStatistics.of(c.in(id, "gen"));
        out.compare(id + ".out.mu_ref", real.mean());
        out.compare(id + ".out.sigma_ref", real.covariance());
        Tensor distance = scalar(FrechetDistance.between(real, generated));
        long rank = Math.min(c.in(id, "ref").size(0), c.in(id, "gen").size(0)) - 1;
        boolean singular = rank < real.mean().size(0);
        for (String name : new String[] {".out.fid", ".out.fid_guided_diffusion"}) {
            Tensor expected = c.tensor(id + name);
            out.compare(
                    id + name,
                    expected,
                    distance,
                    singular
                            ? Tolerance.of(
                                    1e-6, "the reference's root of a singular matrix is inexact")
                            : Tolerance.byDtype(expected));
        }
    }

    private static void kernel(ReferenceCase c, String id, Findings out) {
        Tensor real = c.in(id, "ref");
        Tensor generated = c.in(id, "gen");
        if (c.has(id + ".out.kid_full")) {
            Tensor part = real.narrow(0, 0, generated.size(0));
            out.compare(id + ".out.kid_full", scalar(KernelDistance.between(part, generated)));
        }
        if (c.has(id + ".out.kid_subsets")) {
            Tensor rows = c.in(id, "kid_idx_ref");
            var values = new double[(int) rows.size(0)];
            for (int i = 0; i < values.length; i++) {
                values[i] =
                        KernelDistance.between(
                                real.index_select(0, rows.select(0, i)),
                                generated.index_select(0, c.in(id, "kid_idx_gen").select(0, i)));
            }
            var estimate = KernelDistance.estimate(values);
            out.compare(id + ".out.kid_subsets", Tensors.of(values, values.length));
            out.compare(id + ".out.kid_mean", scalar(estimate.mean()));
            out.compare(id + ".out.kid_std", scalar(estimate.std()));
        }
    }

    private static void manifolds(ReferenceCase c, String id, Findings out) {
        Tensor real = c.in(id, "ref");
        Tensor generated = c.in(id, "gen");
        for (String name : c.names()) {
            Matcher m = NEIGHBOUR.matcher(name);
            if (name.startsWith(id + ".") && m.matches()) {
                int k = Integer.parseInt(m.group(1));
                var manifold = Manifold.of(real, k);
                out.compare(name, manifold.radii().unsqueeze(1));
                out.compare(
                        id + ".out.precision_k" + k,
                        Tensors.of(new double[] {manifold.share(generated)}, 1));
                out.compare(
                        id + ".out.recall_k" + k,
                        Tensors.of(new double[] {Manifold.of(generated, k).share(real)}, 1));
            }
        }
    }

    private static Tensor scalar(double value) {
        return Tensors.of(new double[] {value});
    }
}
