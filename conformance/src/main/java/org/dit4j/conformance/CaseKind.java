package org.dit4j.conformance;

/// Recomputes one kind of reference case with the public code of the library.
public interface CaseKind {
    /// Returns whether this kind recomputes `c`. Must be cheap and must not throw; look at the name
    /// and the json.
    boolean accepts(ReferenceCase c);

    /// Recomputes `c` and hands each result to `out`. Runs inside a tensor scope of its own, and
    /// may throw: an exception fails the case. Every `out.*` tensor of the case has to be compared,
    /// or be named with [Findings#unsupported]; what is left out counts as unsupported.
    void run(ReferenceCase c, Findings out);
}
