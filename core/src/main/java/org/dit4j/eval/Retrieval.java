package org.dit4j.eval;

import java.util.List;

/// How often pictures are nearer to real pictures of their own subject than to those of others.
///
/// @param hits one for each picture, in their order
/// @param candidates among how many subjects each had to find its own
public record Retrieval(List<Hit> hits, int candidates) {
    /// What one picture found.
    ///
    /// @param wanted its subject
    /// @param nearest row of the gallery's picture that is nearest among all candidates
    /// @param above how many other candidates are nearer than the wanted one
    /// @param ties how many other candidates are exactly as near, as drawings that are the same for
    ///   two subjects (flags)
    public record Hit(String wanted, int nearest, int above, int ties) {
        /// Returns the chance that the wanted subject is among the first `k` if equally near ones
        /// stand in any order: 1 or 0 where there are none.
        public double within(int k) {
            return Math.clamp((k - above) / (1.0 + ties), 0, 1);
        }
    }

    /// Keeps a copy of the list.
    public Retrieval {
        hits = List.copyOf(hits);
    }

    /// Returns the share of the pictures whose subject is among the `k` nearest candidates; NaN for
    /// no pictures.
    public double top(int k) {
        return hits.stream().mapToDouble(hit -> hit.within(k)).average().orElse(Double.NaN);
    }

    /// Returns what [#top] is for pictures that have nothing to do with their subjects.
    public double chance(int k) {
        return Math.min(1, k / (double) candidates);
    }
}
