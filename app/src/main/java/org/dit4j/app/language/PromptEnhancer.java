package org.dit4j.app.language;

import org.dit4j.ConfigException;
import org.dit4j.text.WeightedText;

/// Has a language model rewrite prompts so that they say what is to be seen.
///
/// @param model does it
public record PromptEnhancer(LanguageModel model) {
    /// Rewrites a prompt in the language it is written in.
    ///
    /// @param prompt without weights: a rewritten text has lost the words that they are for
    /// @return one line, in which brackets are escaped, so that they are no weights either (see
    ///   [WeightedText#parse])
    /// @throws ConfigException if the prompt is blank or has weights
    /// @throws LanguageModelException if there is no answer
    public String enhance(String prompt) {
        requirePlain(prompt);
        String text = WeightedText.parse(prompt).text();
        String answer = model.answer(Instruction.ENHANCE.inLanguageOf(text), text);
        return answer.replaceAll("[\\\\()\\[\\]]", "\\\\$0");
    }

    /// Fails if a prompt cannot be rewritten; asks nobody.
    ///
    /// @throws ConfigException if it is blank or has weights
    public static void requirePlain(String prompt) {
        ConfigException.require(!prompt.isBlank(), "there is no prompt to rewrite");
        WeightedText text = WeightedText.parse(prompt);
        if (!text.spans().isEmpty()) {
            WeightedText.Span first = text.spans().getFirst();
            throw new ConfigException(
                    "a prompt with weights cannot be rewritten: take the brackets around \"%s\" away, or write them as \\( and \\)"
                            .formatted(text.text().substring(first.start(), first.end())));
        }
    }
}
