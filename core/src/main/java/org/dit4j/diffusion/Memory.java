package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;

/// What a run remembers of its network's answers, so that a [Caching] can spare some. Immutable,
/// and a part of the [SamplerState]: therefore runs with a cache can be paused, saved, resumed and
/// branched like any other, and share nothing with each other.
///
/// @param tensors their meaning is the cache's own
/// @param numbers finite; their meaning is the cache's own
/// @param parts the memories of the parts of a batch that go through the network one by one
public record Memory(List<Tensor> tensors, List<Double> numbers, List<Memory> parts) {
    /// Nothing.
    public static final Memory NONE = of(List.of());

    private static final int MOST = 4096;

    /// Copies the lists.
    public Memory {
        tensors = List.copyOf(tensors);
        numbers = List.copyOf(numbers);
        parts = List.copyOf(parts);
    }

    /// Returns the memory of one part.
    public static Memory of(List<Tensor> tensors, double... numbers) {
        return new Memory(tensors, Arrays.stream(numbers).boxed().toList(), List.of());
    }

    /// Returns the memory of a batch in parts.
    public static Memory ofParts(List<Memory> parts) {
        return parts.stream().allMatch(NONE::equals)
                ? NONE
                : new Memory(List.of(), List.of(), parts);
    }

    /// Returns the memory of part `i`, or nothing.
    public Memory part(int i) {
        return i < parts.size() ? parts.get(i) : NONE;
    }

    /// Returns the tensors of this memory and of all its parts.
    public Stream<Tensor> all() {
        return Stream.concat(tensors.stream(), parts.stream().flatMap(Memory::all));
    }

    /// The memory without its tensors, for files.
    ///
    /// @param tensors how many
    record Outline(int tensors, List<Double> numbers, List<Outline> parts) {
        Outline {
            ConfigException.require(
                    tensors >= 0 && tensors + numbers.size() + parts.size() <= MOST,
                    "a memory has at most %d things",
                    MOST);
        }

        int count() {
            return tensors + parts.stream().mapToInt(Outline::count).sum();
        }

        /// Returns the memory with its tensors, in the order of [Memory#all].
        Memory filled(Iterator<Tensor> all) {
            List<Tensor> own = Stream.generate(all::next).limit(tensors).toList();
            return new Memory(own, numbers, parts.stream().map(p -> p.filled(all)).toList());
        }
    }

    Outline outline() {
        return new Outline(tensors.size(), numbers, parts.stream().map(Memory::outline).toList());
    }
}
