package org.dit4j.text;

import org.dit4j.tensor.Device;

/// The same texts as two encoders see them.
///
/// @param zh states of the Chinese encoder, 512 wide
/// @param en states of the English encoder, 384 wide; each has its own tokens and length
public record BilingualStates(TextStates zh, TextStates en) {
    /// Returns some of the texts, see [TextStates#take].
    public BilingualStates take(long... numbers) {
        return new BilingualStates(zh.take(numbers), en.take(numbers));
    }

    /// Returns the states on a device, see [TextStates#on].
    public BilingualStates on(Device device) {
        return new BilingualStates(zh.on(device), en.on(device));
    }
}
