package org.dit4j.data;

import java.io.IOException;
import java.nio.file.Path;
import org.dit4j.Dit4jException;
import org.dit4j.checkpoint.CheckpointException;

/// A picture, an archive or a data set cannot be read or written: message = file, what was wanted.
public class DataException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public DataException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public DataException(String message, Throwable cause) {
        super(message, cause);
    }

    /// Returns the exception for an operation (`read`, `write`) on `path` that the system refused.
    public static DataException io(String operation, Path path, IOException cause) {
        String line = CheckpointException.io(operation, path, cause).getMessage();
        return new DataException(String.valueOf(line), cause);
    }

    /// Throws unless `rule` holds.
    ///
    /// @throws DataException with `message` formatted with `args`
    public static void require(boolean rule, String message, Object... args) {
        if (!rule) {
            throw new DataException(String.format(message, args));
        }
    }
}
