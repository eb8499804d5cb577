package org.dit4j.app.language;

import java.time.Duration;
import org.dit4j.ConfigException;

/// How long an answer is waited for.
///
/// @param timeout for one try, above 0 and at most an hour
/// @param retries after a try that was too slow or that the server could not serve just now, 0 to
///   10
/// @param pause before the first of them; each later pause is as much longer
public record Patience(Duration timeout, int retries, Duration pause) {
    /// Checks the ranges.
    public Patience {
        ConfigException.require(
                timeout.isPositive() && timeout.compareTo(Duration.ofHours(1)) <= 0,
                "the time for an answer must be above 0 and at most 3600 s but is %s s",
                timeout.toSeconds());
        ConfigException.require(
                retries >= 0 && retries <= 10, "retries must be 0 to 10 but are %d", retries);
        ConfigException.require(!pause.isNegative(), "a pause must not be negative");
    }
}
