package org.dit4j.app.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/// What the hub identifies a file's content by: the SHA-256 of large files (Git LFS), and of the
/// others Git's own SHA-1, of `blob SIZE`, a zero byte and the content.
///
/// @param hex 64 or 40 lower-case digits, the name of the file in the cache
record ContentHash(String hex) {
    private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}|[0-9a-f]{40}");
    private static final int GIT_DIGITS = 40;

    ContentHash {
        HubException.require(FORM.matcher(hex).matches(), "\"%s\" is no hash of a file", hex);
    }

    /// Reads the value of an `ETag` header, also a weak one.
    static Optional<ContentHash> ofEtag(String etag) {
        String hex = etag.strip().replaceFirst("^W/", "").replaceAll("^\"|\"$", "");
        return FORM.matcher(hex).matches() ? Optional.of(new ContentHash(hex)) : Optional.empty();
    }

    /// Returns a digest that has seen what stands before the content.
    ///
    /// @param size of the content
    MessageDigest digest(long size) {
        boolean git = hex.length() == GIT_DIGITS;
        try {
            MessageDigest digest = MessageDigest.getInstance(git ? "SHA-1" : "SHA-256");
            if (git) {
                digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
            }
            return digest;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Returns whether the content that `digest` has seen is the one.
    boolean matches(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest()).equals(hex);
    }

    @Override
    public String toString() {
        return hex;
    }
}
