package org.dit4j.app.data;

import java.util.function.Predicate;
import org.dit4j.data.TarReader;

/// Where packages come from.
@FunctionalInterface
public interface Packages {
    /// Passes the wanted files of a package to `sink`.
    ///
    /// @param wanted which names in the package, that all start with `package/`
    /// @throws org.dit4j.data.DataException if the package cannot be had or is not the pinned one
    void read(NpmPackage pack, Predicate<String> wanted, TarReader.Sink sink, Progress progress);
}
