package org.dit4j.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.dit4j.ConfigException;

/// Which examples of a set are never trained with. Where the data say what subject a picture shows,
/// about that share of the subjects, with all their pictures, chosen by a hash of the subject's
/// name: a larger share holds out the same ones and more. Elsewhere every n-th example in the order
/// of the set. Training and evaluation ask the same rule, and it does not depend on what can be
/// read.
///
/// @param share of the set, 0 (none) to 0.5; n is 1 / share, rounded
public record HoldOut(double share) {
    /// Checks the range.
    public HoldOut {
        ConfigException.require(
                share >= 0 && share <= 0.5, "hold_out must be 0 to 0.5 but is %s", share);
    }

    /// Returns whether an example is held out.
    ///
    /// @param index its place in the whole set
    /// @param subject what it shows, empty if unknown
    public boolean contains(int index, String subject) {
        return subject.isEmpty() ? contains(index) : contains(subject);
    }

    /// Returns whether the example at that place of a whole set without subjects is held out.
    public boolean contains(int index) {
        if (share == 0) {
            return false;
        }
        long n = Math.round(1 / share);
        return index % n == n - 1;
    }

    /// Returns whether all examples of a subject are held out: the first 53 bits of the SHA-256 of
    /// its name in UTF-8, as a fraction of 1, are less than the share.
    public boolean contains(String subject) {
        try {
            byte[] name = subject.getBytes(StandardCharsets.UTF_8);
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(name);
            return (ByteBuffer.wrap(hash).getLong() >>> 11) * 0x1p-53 < share;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
