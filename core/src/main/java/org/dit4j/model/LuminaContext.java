package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Attended;
import org.dit4j.nn.Rotary;
import org.jspecify.annotations.Nullable;

/// What the tokens of a Lumina network attend by.
///
/// @param positions of the tokens
/// @param mask added to the scores among the tokens, `[B, 1, 1, N]`, or null
/// @param text `[B, L, E]` of a text that is attended to, else null
/// @param textMask added to the scores of the text, `[B, 1, 1, L]`, or null
/// @param sharpness factor of the scores among the tokens: 1, or more where there are more tokens
///   than in the training ("proportional attention", Lumina-Next, arXiv:2406.18583, section 2.2)
public record LuminaContext(
        Rotary positions,
        @Nullable Tensor mask,
        @Nullable Attended text,
        @Nullable Tensor textMask,
        double sharpness) {
    /// Returns what tokens attend by that know no text.
    static LuminaContext of(Rotary positions, @Nullable Tensor mask) {
        return new LuminaContext(positions, mask, null, null, 1);
    }
}
