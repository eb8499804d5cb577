package org.dit4j.text;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A model file of SentencePiece (google/sentencepiece, `sentencepiece_model.proto`): what of it
/// decides how a text is cut. Fields that are not needed are passed over.
///
/// @param pieces the vocabulary; a piece's index is its id
/// @param algorithm how a text is cut
/// @param byteFallback whether characters that are unknown become the pieces of their bytes
/// @param unknown id of the unknown piece
/// @param characterMap the compiled replacements of characters, empty if there are none
/// @param prefix whether a space is put before the text
/// @param trimmed whether spaces at the ends go, and several become one
record SentencePieceModel(
        List<Piece> pieces,
        Algorithm algorithm,
        boolean byteFallback,
        int unknown,
        byte[] characterMap,
        boolean prefix,
        boolean trimmed) {
    /// What a piece is for.
    enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    /// How a text is cut into pieces.
    enum Algorithm {
        /// The most likely pieces (Kudo 2018, arXiv:1804.10959).
        UNIGRAM,
        /// Pairs are merged (Sennrich et al. 2016, arXiv:1508.07909), the best score first.
        BPE
    }

    /// A piece.
    ///
    /// @param text with U+2581 for a space
    /// @param score logarithm of its likelihood; for pairs, less the order of the merge
    record Piece(String text, float score, Kind kind) {}

    private static final long MAX_BYTES = 64 << 20;
    private static final int MAX_PIECES = 1 << 21;

    /// Reads a file.
    ///
    /// @throws TextException if it is none, damaged, too large, or cuts in another way
    static SentencePieceModel read(Path file) {
        byte[] bytes;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new TextException(file + " is too large for a SentencePiece model");
            }
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TextException("cannot read " + file, e);
        }
        try {
            return new Reader().model(new Message(bytes));
        } catch (BufferUnderflowException | IllegalArgumentException | TextException e) {
            String why = e.getMessage() == null ? "it ends too early" : e.getMessage();
            throw new TextException(file + " is no SentencePiece model: " + why, e);
        }
    }

    /// The fields of a message, one after the other. No length is believed before it is compared
    /// with what is left.
    private static final class Message {
        private final ByteBuffer in;
        private int tag;

        Message(byte[] bytes) {
            this(ByteBuffer.wrap(bytes));
        }

        private Message(ByteBuffer in) {
            this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        }

        /// Goes to the next field and returns its number; 0 at the end.
        int next() {
            if (!in.hasRemaining()) {
                return 0;
            }
            tag = (int) varint();
            if (tag >>> 3 == 0) {
                throw new TextException("a field has no number");
            }
            return tag >>> 3;
        }

        long varint() {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                byte b = in.get();
                value |= (long) (b & 0x7f) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            throw new TextException("a number is longer than 10 bytes");
        }

        float number() {
            want(5);
            return in.getFloat();
        }

        int whole() {
            want(0);
            return (int) varint();
        }

        boolean flag() {
            return whole() != 0;
        }

        Message message() {
            want(2);
            return new Message(bytes());
        }

        byte[] blob() {
            want(2);
            ByteBuffer part = bytes();
            var copy = new byte[part.remaining()];
            part.get(copy);
            return copy;
        }

        String text() {
            return new String(blob(), StandardCharsets.UTF_8);
        }

        void skip() {
            switch (tag & 7) {
                case 0 -> varint();
                case 1 -> in.getLong();
                case 2 -> bytes();
                case 5 -> in.getInt();
                default -> throw new TextException("a field has the unknown type " + (tag & 7));
            }
        }

        private ByteBuffer bytes() {
            long size = varint();
            if (size < 0 || size > in.remaining()) {
                throw new TextException(
                        "a field of %d bytes with %d left".formatted(size, in.remaining()));
            }
            ByteBuffer part = in.slice(in.position(), (int) size);
            in.position(in.position() + (int) size);
            return part;
        }

        private void want(int type) {
            if ((tag & 7) != type) {
                throw new TextException(
                        "field %d has type %d, not %d".formatted(tag >>> 3, tag & 7, type));
            }
        }
    }

    /// Numbers of fields and defaults are those of the proto file.
    private static final class Reader {
        private final List<Piece> pieces = new ArrayList<>();
        private Algorithm algorithm = Algorithm.UNIGRAM;
        private boolean byteFallback;
        private int unknown;
        private byte[] characterMap = {};
        private boolean prefix = true;
        private boolean trimmed = true;

        SentencePieceModel model(Message m) {
            for (int field = m.next(); field != 0; field = m.next()) {
                switch (field) {
                    case 1 -> pieces.add(piece(m.message()));
                    case 2 -> trainer(m.message());
                    case 3 -> normalizer(m.message());
                    default -> m.skip();
                }
                if (pieces.size() > MAX_PIECES) {
                    throw new TextException("more than %d pieces".formatted(MAX_PIECES));
                }
            }
            if (unknown < 0 || unknown >= pieces.size()) {
                throw new TextException(
                        "the unknown piece %d is none of %d".formatted(unknown, pieces.size()));
            }
            return new SentencePieceModel(
                    List.copyOf(pieces),
                    algorithm,
                    byteFallback,
                    unknown,
                    characterMap,
                    prefix,
                    trimmed);
        }

        private static Piece piece(Message m) {
            String text = "";
            float score = 0;
            Kind kind = Kind.NORMAL;
            for (int field = m.next(); field != 0; field = m.next()) {
                switch (field) {
                    case 1 -> text = m.text();
                    case 2 -> score = m.number();
                    case 3 -> kind = kind(m.whole());
                    default -> m.skip();
                }
            }
            return new Piece(text, score, kind);
        }

        private static Kind kind(int number) {
            return switch (number) {
                case 1 -> Kind.NORMAL;
                case 2 -> Kind.UNKNOWN;
                case 3 -> Kind.CONTROL;
                case 4 -> Kind.USER_DEFINED;
                case 5 -> Kind.UNUSED;
                case 6 -> Kind.BYTE;
                default -> throw new TextException("a piece has the unknown type " + number);
            };
        }

        private void trainer(Message m) {
            for (int field = m.next(); field != 0; field = m.next()) {
                switch (field) {
                    case 3 -> algorithm = algorithm(m.whole());
                    case 35 -> byteFallback = m.flag();
                    case 40 -> unknown = m.whole();
                    default -> m.skip();
                }
            }
        }

        private static Algorithm algorithm(int number) {
            return switch (number) {
                case 1 -> Algorithm.UNIGRAM;
                case 2 -> Algorithm.BPE;
                default -> throw new TextException("its type is neither unigram nor BPE");
            };
        }

        private void normalizer(Message m) {
            for (int field = m.next(); field != 0; field = m.next()) {
                switch (field) {
                    case 2 -> characterMap = m.blob();
                    case 3 -> prefix = m.flag();
                    case 4 -> trimmed = m.flag();
                    default -> m.skip();
                }
            }
        }
    }
}
