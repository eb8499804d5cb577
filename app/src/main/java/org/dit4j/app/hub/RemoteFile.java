package org.dit4j.app.hub;

import java.util.regex.Pattern;

/// A file of a model as the hub announces it.
///
/// @param name path in the model, with `/`
/// @param size in bytes
/// @param hash of the content
record RemoteFile(String name, long size, ContentHash hash) {
    /// What some system reads as a separator, a drive or the end of a line.
    private static final Pattern FORBIDDEN = Pattern.compile("[\\\\:\\p{Cntrl}]");

    RemoteFile {
        requireInside(name);
        HubException.require(size >= 0, "%s has the impossible size %d", name, size);
    }

    /// Fails unless a path of the hub stays within the folder that it is resolved in.
    static void requireInside(String path) {
        boolean inside = !path.isEmpty() && !FORBIDDEN.matcher(path).find();
        for (String part : path.split("/", -1)) {
            inside &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
        }
        HubException.require(
                inside,
                "the hub names a file that cannot be stored safely: \"%s\"",
                path.replaceAll("\\p{Cntrl}", "?"));
    }
}
