package org.dit4j.app;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IVersionProvider;

/// What `--version` prints.
final class Versions implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {
            "dit4j " + or(Dit4j.class.getPackage().getImplementationVersion(), "(not packaged)"),
            "Java " + System.getProperty("java.version") + ", " + System.getProperty("java.vm.name")
        };
    }

    private static String or(@Nullable String version, String otherwise) {
        return version == null ? otherwise : version;
    }
}
