package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.tensor.Ops;
import org.dit4j.text.Truncation;

/// The conditions of Sana: the last layer of Gemma 2 (Xie et al. 2024, arXiv:2410.10629, section
/// 2.4; diffusers, `pipeline_sana.py`).
///
/// Prompts are in lower case. The text of `complex_human_instruction.txt` in the folder, if there
/// is one, goes before every prompt but not before the negative one. Of an instruction's tokens
/// only the first of all is a condition, and those that fill up the space behind it.
final class SanaText implements AutoCloseable {
    static final String INSTRUCTION = "complex_human_instruction.txt";

    /// Marks of the start that the counts of instruction and prompt have in common, and a token
    /// that diffusers subtracts besides.
    private static final int COUNTED_TWICE = 2;

    private final PromptEncoder gemma;
    private final PromptPrefix instruction;

    /// Conditions.
    ///
    /// @param states `[B, L, E]`
    /// @param mask 1 for tokens, 0 for padding, int64 `[B, L]`
    /// @param remarks on texts that were too long, and on a missing instruction
    record Conditions(Tensor states, Tensor mask, List<String> remarks) {
        private Conditions then(Conditions other) {
            var all = new ArrayList<>(remarks);
            all.addAll(other.remarks);
            return new Conditions(
                    Ops.cat(0, states, other.states), Ops.cat(0, mask, other.mask), all);
        }
    }

    /// Opens the parts in a pipeline's folder.
    SanaText(Path folder, LoadOptions options, Residency residency) {
        instruction = PromptPrefix.read(folder, INSTRUCTION);
        gemma = PromptEncoder.of(folder, "", options, residency);
    }

    /// Encodes texts.
    ///
    /// @param prompts how many of the texts are prompts; the others are negative
    /// @param length tokens of every text, L
    Conditions encode(List<String> texts, int prompts, int length) {
        List<String> lower = texts.stream().map(s -> s.toLowerCase(Locale.ROOT).strip()).toList();
        String before = instruction.text();
        if (before.isEmpty()) {
            return encoded(lower, 0, length, length);
        }
        int whole = gemma.longest(List.of(before)) + length - COUNTED_TWICE;
        List<String> instructed = lower.subList(0, prompts).stream().map(before::concat).toList();
        return encoded(instructed, 0, whole, length)
                .then(encoded(lower.subList(prompts, lower.size()), prompts, length, length));
    }

    /// @param from number of the first of the texts
    /// @param whole tokens that are encoded
    /// @param length tokens that are conditions: the first, and the last of the others
    private Conditions encoded(List<String> texts, int from, int whole, int length) {
        PromptEncoder.Encoded encoded = gemma.maskedBehind(texts, whole, 0);
        var remarks = new ArrayList<>(from == 0 ? instruction.remarks() : List.of());
        for (Truncation t : encoded.tokens().truncated()) {
            remarks.add("for Gemma, " + new Truncation(from + t.text(), t.given(), t.kept()));
        }
        return new Conditions(
                selected(encoded.states().last(), length),
                selected(encoded.tokens().mask(), length),
                remarks);
    }

    private static Tensor selected(Tensor x, int length) {
        long rest = length - 1L;
        return Ops.cat(1, x.narrow(1, 0, 1), x.narrow(1, x.size(1) - rest, rest));
    }

    @Override
    public void close() {
        gemma.close();
    }
}
