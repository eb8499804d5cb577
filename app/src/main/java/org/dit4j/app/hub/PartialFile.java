package org.dit4j.app.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.dit4j.checkpoint.CheckpointException;

/// A file that is being fetched. What has come stays if the program ends, and is hashed as it
/// comes.
final class PartialFile implements AutoCloseable {
    private static final int BUFFER = 1 << 20;

    private final RemoteFile file;
    private final Path path;
    private final FileChannel channel;
    private MessageDigest digest;
    private long position;

    private PartialFile(RemoteFile file, Path path, FileChannel channel) {
        this.file = file;
        this.path = path;
        this.channel = channel;
        digest = file.hash().digest(file.size());
    }

    /// Opens the file, with what is there already.
    static PartialFile open(RemoteFile file, Path path) {
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            var part =
                    new PartialFile(
                            file,
                            path,
                            FileChannel.open(
                                    path,
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE));
            part.rehash();
            return part;
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
    }

    private void rehash() throws IOException {
        if (channel.size() > file.size()) {
            channel.truncate(0);
        }
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        while (channel.read(buffer) >= 0) {
            digest.update(buffer.flip());
            position += buffer.limit();
            buffer.clear();
        }
    }

    /// Returns how many bytes have come.
    long position() {
        return position;
    }

    /// Returns whether all bytes have come.
    boolean isFull() {
        return position == file.size();
    }

    /// Forgets everything that has come.
    void restart() {
        try {
            channel.truncate(0);
            channel.position(0);
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
        digest = file.hash().digest(file.size());
        position = 0;
    }

    /// Adds bytes.
    ///
    /// @throws HubException if they are more than was announced
    void append(byte[] bytes, int length) {
        HubException.require(
                length <= file.size() - position,
                "%s: the server sends more than the announced %d bytes",
                file.name(),
                file.size());
        ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
        digest.update(bytes, 0, length);
        position += length;
    }

    /// Moves the full file to its place if its hash is right, otherwise forgets it.
    ///
    /// @return whether the hash is right
    boolean finish(Path target) {
        if (!file.hash().matches(digest)) {
            restart();
            return false;
        }
        try {
            channel.force(true);
            channel.close();
            Files.move(
                    path,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw CheckpointException.io("write", target, e);
        }
        return true;
    }

    /// Closes the file; an empty one is removed.
    @Override
    public void close() {
        try {
            channel.close();
            if (position == 0) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
    }
}
