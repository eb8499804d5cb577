package org.dit4j.checkpoint;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.dit4j.Dit4jException;

/// A checkpoint cannot be read, written or fitted to a network: message = file, tensor, what was
/// wanted.
public class CheckpointException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public CheckpointException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }

    /// Returns the exception for an operation (`read`, `write`) on `path` that the system refused.
    public static CheckpointException io(String operation, Path path, Exception cause) {
        String reason =
                switch (cause) {
                    case NoSuchFileException e -> "no such file or folder: " + e.getFile();
                    case AccessDeniedException e -> "access denied: " + e.getFile();
                    case FileSystemException e when e.getReason() != null -> e.getReason();
                    default -> String.valueOf(cause.getMessage());
                };
        return new CheckpointException(
                "cannot %s %s: %s".formatted(operation, path, oneLine(reason)), cause);
    }

    /// Returns `text` without line breaks and cut to a readable length.
    static String oneLine(String text) {
        String line = text.replaceAll("\\s*[\\r\\n]+\\s*", " ");
        return line.length() <= 400 ? line : line.substring(0, 400) + "...";
    }
}
