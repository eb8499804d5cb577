package org.dit4j.app.data;

import org.dit4j.data.DataException;

/// A package of the npm registry, pinned by the hash that the registry publishes for it.
///
/// @param name with its scope, such as `@lobehub/fluent-emoji-3d`
/// @param version exact
/// @param integrity `sha512-` and the base64 of the hash of the tarball (`dist.integrity`)
/// @param license of the package
public record NpmPackage(String name, String version, String integrity, String license) {
    /// Checks the form of the hash.
    public NpmPackage {
        DataException.require(
                integrity.startsWith("sha512-"), "%s: the integrity must be a sha512", name);
    }

    /// Returns the name of the tarball, as in `emojibase-data-17.0.0.tgz`.
    String tarball() {
        return "%s-%s.tgz".formatted(name.substring(name.lastIndexOf('/') + 1), version);
    }

    @Override
    public String toString() {
        return name + "@" + version;
    }
}
