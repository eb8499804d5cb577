package org.dit4j.conformance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.PromptCleaning;
import org.dit4j.text.TokenBatch;
import org.dit4j.text.Tokenizer;

/// The tokenizers of transformers, from `tokenizer.json` and from the older files beside it,
/// SentencePiece itself, and CLIP's original tokenizer, which repairs texts first:
/// `text/token_ids/*`.
final class TokenIdsKind implements CaseKind {
    private static final List<String> VOCABULARIES =
            List.of("vocab.txt", "vocab.json", "spiece.model", "tokenizer.model");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("text/token_ids/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        Path folder = c.modelFolder();
        var prompts = new ArrayList<String>();
        c.json().path("prompts").forEach(p -> prompts.add(p.asString()));
        if (Files.isRegularFile(folder.resolve("tokenizer.json"))) {
            try (Tokenizer tokenizer = Tokenizer.open(folder)) {
                compare(c, tokenizer, prompts, out);
            }
        }
        if (VOCABULARIES.stream().anyMatch(name -> Files.exists(folder.resolve(name)))) {
            try (Tokenizer tokenizer = Tokenizer.openVocabulary(folder)) {
                compare(c, tokenizer, prompts, out);
            }
        }
        if (c.has("out.spm.ids")) {
            Path own = folder.resolve("spiece.model");
            Path file = Files.exists(own) ? own : folder.resolve("tokenizer.model");
            try (Tokenizer tokenizer = Tokenizer.openSentencePiece(file)) {
                flat("out.spm", tokenizer, prompts, false, out);
            }
        }
        if (c.has("out.openclip.ids")) {
            List<String> cleaned = prompts.stream().map(PromptCleaning::clip).toList();
            try (Tokenizer tokenizer = Tokenizer.openOriginalClip(folder)) {
                flat("out.openclip", tokenizer, cleaned, false, out);
            }
        }
    }

    private static void compare(
            ReferenceCase c, Tokenizer tokenizer, List<String> prompts, Findings out) {
        int length = (int) c.tensor("out.padded.input_ids").size(1);
        TokenBatch tokens = tokenizer.encode(prompts, length);
        out.compare("out.padded.input_ids", tokens.ids());
        out.compare("out.padded.attention_mask", tokens.mask());
        flat("out.flat", tokenizer, prompts, true, out);
        flat("out.bare", tokenizer, prompts, false, out);
    }

    private static void flat(
            String name, Tokenizer tokenizer, List<String> prompts, boolean special, Findings out) {
        List<long[]> all = prompts.stream().map(p -> tokenizer.ids(p, special)).toList();
        long[] lengths = all.stream().mapToLong(ids -> ids.length).toArray();
        long[] ids = all.stream().flatMapToLong(LongStream::of).toArray();
        out.compare(name + ".lengths", of(lengths));
        out.compare(name + ".ids", of(ids));
    }

    private static Tensor of(long[] values) {
        return Tensors.of(values, values.length);
    }
}
