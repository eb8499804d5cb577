package org.dit4j.app.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.dit4j.data.DataException;

/// An array of unsigned bytes in the idx format of the MNIST data sets (described on their page,
/// yann.lecun.com/exdb/mnist): two zero bytes, the element type, the number of axes, the sizes as
/// big-endian 32-bit integers, the elements. Plain or compressed with gzip.
///
/// @param shape the sizes of the axes
/// @param data the elements, row-major
record IdxFile(int[] shape, byte[] data) {
    private static final int UNSIGNED_BYTE = 8;
    private static final long MAX_BYTES = 1L << 30;

    /// Reads a file.
    ///
    /// @param axes how many axes it must have
    /// @throws DataException naming the file if it is anything else
    static IdxFile read(Path file, int axes) {
        try (var in = new DataInputStream(open(file))) {
            int magic = in.readInt();
            DataException.require(
                    magic == (UNSIGNED_BYTE << 8 | axes),
                    "%s: this is no idx file of bytes with %d axes",
                    file,
                    axes);
            int[] shape = shape(in, axes, file);
            var data = new byte[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
            in.readFully(data);
            DataException.require(
                    in.read() < 0, "%s: there is more than %s bytes", file, data.length);
            return new IdxFile(shape, data);
        } catch (EOFException e) {
            throw new DataException(file + ": the file is too short", e);
        } catch (ZipException e) {
            throw new DataException(file + ": the compressed data is damaged", e);
        } catch (IOException e) {
            throw DataException.io("read", file, e);
        }
    }

    private static int[] shape(DataInputStream in, int axes, Path file) throws IOException {
        var shape = new int[axes];
        long total = 1;
        for (int i = 0; i < axes; i++) {
            shape[i] = in.readInt();
            DataException.require(
                    shape[i] > 0 && shape[i] <= MAX_BYTES / total,
                    "%s: sizes %s are not possible",
                    file,
                    Arrays.toString(shape));
            total *= shape[i];
        }
        return shape;
    }

    private static InputStream open(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            in.mark(2);
            boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return gzip ? new GZIPInputStream(in, 1 << 16) : in;
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }
}
