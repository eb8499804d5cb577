package org.dit4j.data;

import org.dit4j.ConfigException;

/// Which examples of a set are never trained with: every n-th in the order of the set. Training and
/// evaluation ask the same rule, and it does not depend on what can be read.
///
/// @param share of the set, 0 (none) to 0.5; n is 1 / share, rounded
public record HoldOut(double share) {
    /// Checks the range.
    public HoldOut {
        ConfigException.require(
                share >= 0 && share <= 0.5, "hold_out must be 0 to 0.5 but is %s", share);
    }

    /// Returns whether the example at that place of the whole set is held out.
    public boolean contains(int index) {
        if (share == 0) {
            return false;
        }
        long n = Math.round(1 / share);
        return index % n == n - 1;
    }
}
