package org.dit4j.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Prompts to judge a text-to-image model by, of several kinds and in several languages; the file
/// `prompts.jsonl` of a data set.
///
/// @param entries one for each subject
public record PromptSet(List<Entry> entries) {
    /// What a prompt asks of a model.
    public enum Kind {
        /// Texts that the model is trained with, unless the subject is held out.
        TRAINED("trained"),
        /// The same wish in a wording that is never trained with.
        REWORDED("reworded"),
        /// The subject in a style that there is no picture of it in.
        OTHER_STYLES("otherStyles"),
        /// The subject in another colour.
        OTHER_COLOURS("otherColours");

        private final String key;

        Kind(String key) {
            this.key = key;
        }

        /// Returns the key in the file.
        public String key() {
            return key;
        }
    }

    /// The prompts of a subject.
    ///
    /// @param subject what they ask for, as the subjects of the data set are called
    /// @param texts by kind and language; where a kind has as many in each language, they say the
    ///   same side by side
    public record Entry(String subject, Map<Kind, Map<String, List<String>>> texts) {
        /// Returns the texts of a kind by language, none if there are none.
        public Map<String, List<String>> of(Kind kind) {
            return texts.getOrDefault(kind, Map.of());
        }
    }

    /// A prompt that was drawn.
    ///
    /// @param subject what it asks for
    /// @param texts it in each language
    public record Prompt(String subject, Map<String, String> texts) {}

    /// Keeps a copy of the list.
    public PromptSet {
        entries = List.copyOf(entries);
    }

    /// Reads a file: a JSON object a line, with `subject` (or `emoji`) and for each [Kind] an
    /// object of lists of texts by language, such as `{"en": [...], "zh": [...]}`. Other keys are
    /// the data's own business.
    ///
    /// @throws org.dit4j.data.DataException naming file and line if it is not as it should be or
    ///   too large
    public static PromptSet read(Path file) {
        return new PromptSet(PromptFile.read(file));
    }

    /// Returns the languages of the prompts, sorted.
    public SortedSet<String> languages() {
        var all = new TreeSet<String>();
        entries.forEach(
                e -> e.texts.values().forEach(byLanguage -> all.addAll(byLanguage.keySet())));
        return all;
    }

    /// Draws prompts of a kind: subjects in an order of the seed, again from the first when there
    /// are not enough, and for each one of its texts, the same in every language where they stand
    /// side by side. Texts that another subject has too ("smiling faces") ask for none of them, and
    /// are not drawn.
    ///
    /// @param among which subjects may be drawn; those that lack a language of [#languages] are not
    /// @param count how many
    /// @return them; none if there is no such subject
    public List<Prompt> draw(Kind kind, Predicate<String> among, int count, long seed) {
        SortedSet<String> languages = languages();
        Set<String> shared = shared(kind);
        List<Entry> usable =
                entries.stream()
                        .filter(e -> among.test(e.subject))
                        .map(e -> new Entry(e.subject, Map.of(kind, own(e.of(kind), shared))))
                        .filter(e -> e.of(kind).keySet().containsAll(languages))
                        .toList();
        var prompts = new ArrayList<Prompt>();
        if (usable.isEmpty() || languages.isEmpty()) {
            return prompts;
        }
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed)) {
            long[] order = Tensors.longs(rng.permutation(usable.size()));
            double[] which = Tensors.doubles(rng.uniform64(count));
            for (int i = 0; i < count; i++) {
                Entry entry = usable.get((int) order[i % order.length]);
                var texts = new LinkedHashMap<String, String>();
                for (String language : languages) {
                    List<String> all = entry.of(kind).getOrDefault(language, List.of());
                    texts.put(language, all.get((int) (which[i] * all.size())));
                }
                prompts.add(new Prompt(entry.subject, texts));
            }
        }
        return prompts;
    }

    /// Returns the texts of a kind that several subjects have.
    private Set<String> shared(Kind kind) {
        var seen = new HashSet<String>();
        return entries.stream()
                .flatMap(e -> e.of(kind).values().stream().flatMap(List::stream).distinct())
                .filter(text -> !seen.add(text))
                .collect(Collectors.toSet());
    }

    /// Returns what is not shared in any language where texts stand side by side, else in its own.
    private static Map<String, List<String>> own(
            Map<String, List<String>> texts, Set<String> shared) {
        boolean aligned = texts.values().stream().map(List::size).distinct().count() == 1;
        var left = new TreeMap<String, List<String>>();
        texts.forEach((language, all) -> {
            Stream<List<String>> compared = aligned ? texts.values().stream() : Stream.of(all);
            List<List<String>> sides = compared.toList();
            List<String> own =
                    IntStream.range(0, all.size())
                            .filter(i -> sides.stream().noneMatch(s -> shared.contains(s.get(i))))
                            .mapToObj(all::get)
                            .toList();
            if (!own.isEmpty()) {
                left.put(language, own);
            }
        });
        return left;
    }
}
