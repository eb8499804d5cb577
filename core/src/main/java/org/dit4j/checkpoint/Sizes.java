package org.dit4j.checkpoint;

import java.util.OptionalLong;
import org.dit4j.tensor.Dtype;

/// Sizes of tensors that foreign files claim.
final class Sizes {
    private Sizes() {}

    /// Returns the bytes of a tensor of that shape, or nothing if a size is negative or the product
    /// does not fit, where a size of zero does not excuse the others.
    static OptionalLong bytes(Dtype dtype, long... shape) {
        long product = dtype.bytes();
        boolean empty = false;
        for (long size : shape) {
            if (size < 0 || Math.multiplyHigh(product, Math.max(1, size)) != 0) {
                return OptionalLong.empty();
            }
            product *= Math.max(1, size);
            if (product <= 0) {
                return OptionalLong.empty();
            }
            empty |= size == 0;
        }
        return OptionalLong.of(empty ? 0 : product);
    }
}
