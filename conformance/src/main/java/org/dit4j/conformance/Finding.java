package org.dit4j.conformance;

/// One compared tensor.
///
/// @param tensor its name in the reference file
/// @param status how it came out
/// @param absolute largest absolute difference; NaN where nothing could be compared
/// @param relative that difference over the largest absolute value of the reference
/// @param tolerance largest absolute difference that passes
/// @param note the reason of a failure or of a tolerance of its own; empty if there is none
public record Finding(
        String tensor,
        Status status,
        double absolute,
        double relative,
        double tolerance,
        String note) {
    static Finding note(String tensor, Status status, String note) {
        return new Finding(tensor, status, Double.NaN, Double.NaN, Double.NaN, note);
    }
}
