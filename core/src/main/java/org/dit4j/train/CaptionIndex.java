package org.dit4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.data.Captions;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The distinct captions of a run, numbered, and which of them belong to each picture.
///
/// @param texts every text once; number 0 is the empty one, which stands for "no prompt"
/// @param of for each picture, for each of its languages, the numbers of its texts
/// @param dropout probability of the empty text
record CaptionIndex(List<String> texts, List<List<int[]>> of, double dropout) {
    /// Collects the captions of pictures.
    ///
    /// @throws ConfigException if a picture has none
    static CaptionIndex of(TrainingPictures pictures, RunConfig.CaptionChoice choice) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        numbers.put("", 0);
        var of = new ArrayList<List<int[]>>();
        for (int i = 0; i < pictures.size(); i++) {
            Captions captions = pictures.captions(i);
            ConfigException.require(
                    !captions.isEmpty(),
                    "training by text needs captions, but picture %d of the data has none",
                    i);
            of.add(numbered(captions, choice.perLanguage(), numbers));
        }
        return new CaptionIndex(List.copyOf(numbers.keySet()), of, choice.dropout());
    }

    private static List<int[]> numbered(Captions captions, int most, Map<String, Integer> numbers) {
        var languages = new ArrayList<int[]>();
        for (String language : captions.languages()) {
            languages.add(
                    captions.in(language).stream()
                            .limit(most)
                            .mapToInt(text -> number(numbers, text))
                            .toArray());
        }
        return languages;
    }

    private static int number(Map<String, Integer> numbers, String text) {
        int next = numbers.size();
        Integer known = numbers.putIfAbsent(text, next);
        return known == null ? next : known;
    }

    /// Draws a text for each of some pictures: whether it has none, then the language, then the
    /// text.
    int[] draw(int[] examples, Rng rng) {
        try (var _ = TensorScope.open()) {
            double[] random = Tensors.doubles(rng.uniform(3, examples.length));
            var drawn = new int[examples.length];
            for (int i = 0; i < drawn.length; i++) {
                List<int[]> languages = of.get(examples[i]);
                int[] own = languages.get(pick(random[drawn.length + i], languages.size()));
                drawn[i] =
                        random[i] < dropout
                                ? 0
                                : own[pick(random[2 * drawn.length + i], own.length)];
            }
            return drawn;
        }
    }

    private static int pick(double random, int count) {
        return Math.min(count - 1, (int) (random * count));
    }
}
