package org.dit4j.checkpoint;

import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads Python pickles as data and executes nothing.
///
/// A pickle is a program for a stack machine (CPython `Lib/pickletools.py` lists its instructions)
/// that may look up and call any Python function. This machine knows the instructions that data
/// needs; what is looked up and called is for [World] to give, which knows a short list of names.
///
/// Values are [String], [Long], [BigInteger], [Double], [Boolean], `byte[]`, [None], [Tuple],
/// [List], [Map] and whatever the world makes. They may share parts and even contain themselves.
final class Pickle {
    private static final int MAX_BYTES = 64 << 20;
    private static final int MAX_STEPS = 5_000_000;
    private static final int MAX_MEMO = 2_000_000;
    private static final int MAX_LONG_BYTES = 256;

    /// Python's `None`.
    enum None {
        /// The one value.
        NONE
    }

    /// Python's tuple, compared by identity since it may be nested without bound.
    static final class Tuple {
        private final List<Object> items;

        Tuple(List<Object> items) {
            this.items = List.copyOf(items);
        }

        List<Object> items() {
            return items;
        }
    }

    /// What lies outside the pickle.
    interface World {
        /// Returns what stands for the Python name, or throws [CheckpointException].
        Object global(String module, String name);

        /// Returns the result of calling `function`, which [#global] returned.
        Object call(Object function, List<Object> args);

        /// Gives `value` its attributes; Python's `__setstate__`.
        void build(Object value, Object state);

        /// Returns what the pickle refers to by `id`.
        Object persistent(Object id);
    }

    private final String where;
    private final ByteBuffer in;
    private final World world;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();

    private Pickle(String where, ByteBuffer in, World world) {
        this.where = where;
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        this.world = world;
    }

    /// Reads one pickle.
    ///
    /// @param where its file, for messages
    /// @throws CheckpointException if it is damaged, too large, or asks for more than data
    static Object read(String where, ByteBuffer bytes, World world) {
        if (bytes.remaining() > MAX_BYTES) {
            throw new CheckpointException(
                    "%s: a pickle of %d bytes is too large, at most %d are allowed"
                            .formatted(where, bytes.remaining(), MAX_BYTES));
        }
        return new Pickle(where, bytes, world).run();
    }

    private Object run() {
        try {
            for (int step = 0; step < MAX_STEPS; step++) {
                int op = in.get() & 0xff;
                if (op == '.') {
                    Object result = pop();
                    require(stack.isEmpty(), "more than one value is left at its end");
                    return result;
                }
                step(op);
            }
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw new CheckpointException(
                    "%s: damaged pickle: it ends too early (at byte %d)"
                            .formatted(where, in.position()),
                    e);
        }
        throw failure("more than %d instructions".formatted(MAX_STEPS));
    }

    private void step(int op) {
        switch (op) {
            case 0x80 -> version(in.get());
            case 0x95 -> in.getLong(); // FRAME: only a hint for reading ahead
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());
            case 'c' -> push(world.global(line(), line()));
            case 0x93 -> {
                String name = text(pop());
                push(world.global(text(pop()), name));
            }
            case 'R', 0x81 -> { // REDUCE and NEWOBJ: call with a tuple of arguments
                List<Object> args = items(pop());
                push(world.call(pop(), args));
            }
            case 'b' -> {
                Object state = pop();
                world.build(top(), state);
            }
            case 'Q' -> push(world.persistent(pop()));
            case 'h', 'j', 'q', 'r', 0x94 -> remember(op);
            default -> {
                if (!atom(op) && !container(op)) {
                    throw failure("instruction 0x%02x is not one that data needs".formatted(op));
                }
            }
        }
    }

    private void version(byte version) {
        require(version >= 0 && version <= 5, "protocol %d is unknown", version);
    }

    private void remember(int op) {
        switch (op) {
            case 'h' -> push(recall(in.get() & 0xff));
            case 'j' -> push(recall(in.getInt()));
            case 'q' -> memo.put((long) (in.get() & 0xff), top());
            case 'r' -> memo.put((long) in.getInt(), top());
            default -> memo.put((long) memo.size(), top());
        }
        require(memo.size() <= MAX_MEMO, "more than %d remembered values", MAX_MEMO);
    }

    private Object recall(long index) {
        Object known = memo.get(index);
        if (known == null) {
            throw failure("value %d was never remembered".formatted(index));
        }
        return known;
    }

    /// Numbers, texts and bytes.
    private boolean atom(int op) {
        switch (op) {
            case 'N' -> push(None.NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.getInt());
            case 'K' -> push((long) (in.get() & 0xff));
            case 'M' -> push((long) (in.getShort() & 0xffff));
            case 0x8a -> push(integer(in.get() & 0xff));
            case 0x8b -> push(integer(in.getInt()));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
            case 0x8c -> push(utf8(in.get() & 0xff));
            case 'X' -> push(utf8(in.getInt() & 0xffff_ffffL));
            case 0x8d -> push(utf8(in.getLong()));
            case 'U' -> push(new String(bytes(in.get() & 0xff), StandardCharsets.ISO_8859_1));
            case 'T' -> push(new String(bytes(in.getInt()), StandardCharsets.ISO_8859_1));
            case 'C' -> push(bytes(in.get() & 0xff));
            case 'B' -> push(bytes(in.getInt() & 0xffff_ffffL));
            case 0x8e, 0x96 -> push(bytes(in.getLong()));
            default -> {
                return false;
            }
        }
        return true;
    }

    /// Lists, tuples, dictionaries and sets; sets are read as lists.
    private boolean container(int op) {
        switch (op) {
            case ']', 0x8f -> push(new ArrayList<>());
            case ')' -> push(new Tuple(List.of()));
            case '}' -> push(new LinkedHashMap<>());
            case 'l', 0x91 -> push(popToMark());
            case 't' -> push(new Tuple(popToMark()));
            case 0x85, 0x86, 0x87 -> push(new Tuple(popLast(op - 0x84)));
            case 'd' -> {
                var map = new LinkedHashMap<>();
                put(map, popToMark());
                push(map);
            }
            case 'a' -> {
                List<Object> one = popLast(1);
                list(top()).addAll(one);
            }
            case 'e', 0x90 -> {
                List<Object> many = popToMark();
                list(top()).addAll(many);
            }
            case 's' -> {
                List<Object> pair = popLast(2);
                put(map(top()), pair);
            }
            case 'u' -> {
                List<Object> pairs = popToMark();
                put(map(top()), pairs);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void put(Map<Object, Object> map, List<Object> pairs) {
        require(pairs.size() % 2 == 0, "a key has no value");
        for (int i = 0; i < pairs.size(); i += 2) {
            Object key = pairs.get(i);
            // nested keys could take for ever to compare
            require(
                    key instanceof String
                            || key instanceof Number
                            || key instanceof Boolean
                            || key instanceof None
                            || key instanceof Tuple,
                    "a key must be a text or a number");
            map.put(key, pairs.get(i + 1));
        }
    }

    private Object integer(int size) {
        require(size >= 0 && size <= MAX_LONG_BYTES, "a number of %d bytes is too large", size);
        byte[] littleEndian = bytes(size);
        var value = BigInteger.ZERO;
        if (size > 0) {
            var bigEndian = new byte[size];
            for (int i = 0; i < size; i++) {
                bigEndian[i] = littleEndian[size - 1 - i];
            }
            value = new BigInteger(bigEndian);
        }
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private String utf8(long size) {
        return new String(bytes(size), StandardCharsets.UTF_8);
    }

    private byte[] bytes(long size) {
        if (size < 0 || size > in.remaining()) {
            throw failure("a text of %s bytes".formatted(Long.toUnsignedString(size)));
        }
        var bytes = new byte[(int) size];
        in.get(bytes);
        return bytes;
    }

    private String line() {
        int start = in.position();
        while (in.get() != '\n') {
            // look for the end
        }
        var bytes = new byte[in.position() - start - 1];
        in.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object top() {
        requireAboveMark(1);
        return stack.getLast();
    }

    private Object pop() {
        requireAboveMark(1);
        return stack.removeLast();
    }

    private List<Object> popLast(int count) {
        requireAboveMark(count);
        return cut(stack.size() - count);
    }

    private List<Object> popToMark() {
        require(!marks.isEmpty(), "a mark is missing");
        return cut(marks.removeLast());
    }

    private List<Object> cut(int from) {
        List<Object> tail = stack.subList(from, stack.size());
        var values = new ArrayList<>(tail);
        tail.clear();
        return values;
    }

    private void requireAboveMark(int count) {
        int floor = marks.isEmpty() ? 0 : marks.getLast();
        require(stack.size() - count >= floor, "a value is missing");
    }

    private List<Object> items(Object value) {
        if (value instanceof Tuple tuple) {
            return tuple.items();
        }
        throw failure("arguments are not a tuple");
    }

    private String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw failure("a name is not a text");
    }

    @SuppressWarnings("unchecked") // only this class makes lists, all of objects
    private List<Object> list(Object value) {
        if (value instanceof ArrayList<?> list) {
            return (List<Object>) list;
        }
        throw failure("items are added to what is not a list");
    }

    @SuppressWarnings("unchecked") // only this class and the world make maps, all of objects
    private Map<Object, Object> map(Object value) {
        if (value instanceof LinkedHashMap<?, ?> map) {
            return (Map<Object, Object>) map;
        }
        throw failure("keys are added to what is not a dictionary");
    }

    private void require(boolean rule, String message, Object... args) {
        if (!rule) {
            throw failure(message.formatted(args));
        }
    }

    private CheckpointException failure(String message) {
        return new CheckpointException(
                "%s: damaged pickle: %s (at byte %d)".formatted(where, message, in.position()));
    }
}
