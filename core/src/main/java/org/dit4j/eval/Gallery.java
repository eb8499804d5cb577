package org.dit4j.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Real pictures, several of each subject, among which a picture has to find its own subject: an
/// R-precision as text-to-image models are judged by (Xu et al. 2018, arXiv:1711.10485, section 4),
/// but the wanted subject stands among 99 others as real pictures, not as texts, so that it needs
/// no network that knows texts. A subject is as near as the nearest of its pictures.
///
/// Borrows the features: it lives as long as they do.
public final class Gallery {
    /// Among how many subjects each picture has to find its own, where there are so many.
    public static final int CANDIDATES = 100;

    private static final int BLOCK = 64;

    /// No style has this name, since no file name can hold it.
    private static final String NO_STYLE = "\0";

    /// What near means.
    public enum Measure {
        /// The angle between features.
        COSINE {
            @Override
            Tensor similarity(Tensor x, Tensor y) {
                return unit(x).matmul(unit(y).t());
            }

            private Tensor unit(Tensor x) {
                Tensor length = Ops.sum(x.square(), true, 1).sqrt();
                return x.div(Ops.clampMin(length, 1e-12));
            }
        },
        /// The Euclidean distance.
        EUCLIDEAN {
            @Override
            Tensor similarity(Tensor x, Tensor y) { // -|x - y|^2 but for a constant of each row
                return Ops.mul(x.matmul(y.t()), 2).sub(Ops.sum(y.square(), false, 1));
            }
        };

        /// Returns what is larger the nearer the rows are.
        ///
        /// @param x `[B, D]`
        /// @param y `[N, D]`
        /// @return `[B, N]`
        abstract Tensor similarity(Tensor x, Tensor y);
    }

    private final Tensor features;
    private final List<String> styles;
    private final Measure measure;
    private final SortedMap<String, int[]> rows = new TreeMap<>();
    private final List<String> names;

    /// Makes a gallery.
    ///
    /// @param features float `[N, D]`
    /// @param subjects what each of the N pictures shows
    /// @param styles in what style each is drawn
    /// @throws ConfigException if the numbers differ, a subject is empty or there are fewer than
    ///   two
    public Gallery(Tensor features, List<String> subjects, List<String> styles, Measure measure) {
        this.features = features;
        this.styles = List.copyOf(styles);
        this.measure = measure;
        ConfigException.require(
                features.size(0) == subjects.size() && subjects.size() == styles.size(),
                "a gallery of %d pictures needs as many subjects and styles, not %d and %d",
                features.size(0),
                subjects.size(),
                styles.size());
        var found = new TreeMap<String, List<Integer>>();
        for (int i = 0; i < subjects.size(); i++) {
            ConfigException.require(!subjects.get(i).isEmpty(), "picture %d has no subject", i);
            found.computeIfAbsent(subjects.get(i), _ -> new ArrayList<>()).add(i);
        }
        ConfigException.require(
                found.size() > 1, "a gallery needs two subjects but has %d", found.size());
        found.forEach((name, all) -> rows.put(name, all.stream().mapToInt(i -> i).toArray()));
        names = List.copyOf(rows.keySet());
    }

    /// Returns whether there are pictures of a subject.
    public boolean contains(String subject) {
        return rows.containsKey(subject);
    }

    /// Lets pictures find their subjects among [#CANDIDATES], of which the others are drawn anew
    /// for each picture.
    ///
    /// @param pictures float `[M, D]`
    /// @param wanted the subject of each
    /// @param seed of the draw: the same one gives the i-th picture the same others
    /// @throws ConfigException if the numbers differ or a subject is not in the gallery
    public Retrieval retrieve(Tensor pictures, List<String> wanted, long seed) {
        ConfigException.require(
                pictures.size(0) == wanted.size(),
                "%d pictures need as many subjects, not %d",
                pictures.size(0),
                wanted.size());
        var queries = new ArrayList<Query>();
        wanted.forEach(subject -> queries.add(new Query(subject, NO_STYLE)));
        return search(pictures, queries, seed);
    }

    /// Returns how well real pictures do it that are left out of the gallery with their whole
    /// style: what a perfect model could reach with drawings of its own. Subjects of a single style
    /// are passed over.
    ///
    /// @param wanted subjects, of each of which a picture is drawn
    /// @throws ConfigException if a subject is not in the gallery
    public Retrieval ofOtherStyles(List<String> wanted, long seed) {
        var queries = new ArrayList<Query>();
        var chosen = new ArrayList<Long>();
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed)) {
            for (String subject : wanted) {
                int[] own = rows(subject);
                int row = own[(int) Ops.item(rng.integers(own.length, 1))];
                if (IntStream.of(own).anyMatch(i -> !styles.get(i).equals(styles.get(row)))) {
                    queries.add(new Query(subject, styles.get(row)));
                    chosen.add((long) row);
                }
            }
            if (chosen.isEmpty()) {
                return new Retrieval(List.of(), Math.min(CANDIDATES, names.size()));
            }
            long[] index = chosen.stream().mapToLong(i -> i).toArray();
            return search(features.index_select(0, Tensors.of(index, index.length)), queries, seed);
        }
    }

    /// @param without the style whose pictures do not count
    private record Query(String wanted, String without) {}

    private Retrieval search(Tensor pictures, List<Query> queries, long seed) {
        var hits = new ArrayList<Retrieval.Hit>();
        try (var rng = Rng.seeded(seed)) {
            for (int from = 0; from < queries.size(); from += BLOCK) {
                try (var _ = TensorScope.open()) {
                    int n = Math.min(BLOCK, queries.size() - from);
                    Tensor x = Ops.to(pictures.narrow(0, from, n), Dtype.FLOAT32);
                    Tensor y = Ops.to(features, Dtype.FLOAT32);
                    Tensor s = measure.similarity(x, y);
                    for (int i = 0; i < n; i++) {
                        long[] order = Tensors.longs(rng.permutation(names.size()));
                        hits.add(hit(Tensors.floats(s.select(0, i)), queries.get(from + i), order));
                    }
                }
            }
        }
        return new Retrieval(hits, Math.min(CANDIDATES, names.size()));
    }

    private Retrieval.Hit hit(float[] similarity, Query query, long[] order) {
        int nearest = best(similarity, query.wanted, query.without);
        ConfigException.require(nearest >= 0, "no picture of %s is left", query.wanted);
        float own = similarity[nearest];
        int above = 0;
        int ties = 0;
        int others = CANDIDATES - 1;
        for (int i = 0; i < order.length && others > 0; i++) {
            String name = names.get((int) order[i]);
            int row = name.equals(query.wanted) ? -1 : best(similarity, name, query.without);
            if (row < 0) {
                continue;
            }
            others--;
            above += similarity[row] > own ? 1 : 0;
            ties += similarity[row] == own ? 1 : 0;
            nearest = similarity[row] > similarity[nearest] ? row : nearest;
        }
        return new Retrieval.Hit(query.wanted, nearest, above, ties);
    }

    /// Returns the nearest picture of a subject, -1 if none is of another style.
    private int best(float[] similarity, String subject, String without) {
        int best = -1;
        for (int i : rows(subject)) {
            if (!styles.get(i).equals(without) && (best < 0 || similarity[i] > similarity[best])) {
                best = i;
            }
        }
        return best;
    }

    private int[] rows(String subject) {
        ConfigException.require(contains(subject), "there is no picture of %s", subject);
        return rows.getOrDefault(subject, new int[0]);
    }
}
