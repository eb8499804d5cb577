package org.dit4j.text;

/// The same texts as two encoders see them.
///
/// @param zh states of the Chinese encoder, 512 wide
/// @param en states of the English encoder, 384 wide; each has its own tokens and length
public record BilingualStates(TextStates zh, TextStates en) {}
