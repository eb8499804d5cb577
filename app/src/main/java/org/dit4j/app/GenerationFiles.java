package org.dit4j.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dit4j.checkpoint.Lora;
import org.dit4j.diffusion.Caching;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.train.RunConfig.Precision;

/// Writes the results of a request: one file, or a folder with a file each. What was asked for goes
/// into the text chunks of PNG files.
///
/// @param out the file, or the folder
/// @param network what drew them
/// @param original the prompt before it was rewritten, empty if it was not
/// @param pictures that were given, as texts
/// @param request with nothing left open
record GenerationFiles(
        String out,
        Network network,
        String original,
        Map<String, String> pictures,
        GenerationRequest request) {
    /// The network of a model.
    ///
    /// @param model as it was named
    /// @param loras that were added to it
    /// @param precision of its numbers
    record Network(String model, List<Lora> loras, Precision precision) {
        /// Returns what there is to it besides the model, as calibrations name it.
        String variant() {
            return loras.isEmpty() ? precisionName() : precisionName() + " " + adapters();
        }

        private String precisionName() {
            return precision == Precision.FP32 ? "fp32" : "bf16";
        }

        private String adapters() {
            return loras.stream()
                    .map(lora -> lora.file() + ":" + lora.scale())
                    .collect(Collectors.joining(", "));
        }
    }

    private static final int MOST_NAME = 40; // letters of the prompt in a file's name

    /// Returns whether `out` names one file.
    static boolean single(String out) {
        return !out.endsWith("/") && !Files.isDirectory(Path.of(out));
    }

    /// Writes the results and returns their files.
    <T> List<Path> write(OutputFormat<T> format, List<T> results) {
        if (!single(out)) {
            return each(format, results);
        }
        Path file = Path.of(out);
        int columns = request.count() > 1 ? request.count() : request.prompts().size();
        format.all(file, results, columns, text());
        return List.of(file);
    }

    private <T> List<Path> each(OutputFormat<T> format, List<T> results) {
        var files = new ArrayList<Path>();
        for (int i = 0; i < results.size(); i++) {
            String prompt = request.prompts().get(i / request.count());
            String name =
                    "%s-%d-%04d".formatted(fileName(prompt), request.seed(), i % request.count());
            var own = text();
            own.put("prompt", prompt);
            own.put("index", Integer.toString(i));
            files.add(format.one(Path.of(out), name, results.get(i), own));
        }
        return files;
    }

    /// A prompt as a part of a file's name: letters, digits and hyphens, not too long.
    private static String fileName(String prompt) {
        String safe = prompt.strip().replaceAll("[^\\p{L}\\p{N}]+", "-");
        int end = Math.min(safe.length(), MOST_NAME);
        if (end > 0 && end < safe.length() && Character.isHighSurrogate(safe.charAt(end - 1))) {
            end--;
        }
        return safe.isEmpty() ? "picture" : safe.substring(0, end);
    }

    /// What goes into the PNG: enough to make it again.
    Map<String, String> text() {
        var text = new LinkedHashMap<String, String>();
        text.put("Software", "dit4j");
        text.put("model", network.model);
        if (!network.loras.isEmpty()) {
            text.put("lora", network.adapters());
        }
        text.put("prompt", String.join(", ", request.prompts()));
        if (!original.isEmpty()) {
            text.put("original_prompt", original);
        }
        if (!request.guide().negative().isEmpty()) {
            text.put("negative", request.guide().negative());
        }
        text.put("count", Integer.toString(request.count()));
        text.put("seed", Long.toString(request.seed()));
        text.put("steps", Integer.toString(request.steps()));
        text.put("guidance", Double.toString(request.guide().scale()));
        if (request.guide().rescale() > 0) {
            text.put("guidance_rescale", Double.toString(request.guide().rescale()));
        }
        if (request.guide().from() > 0 || request.guide().to() < 1) {
            text.put("guidance_interval", request.guide().from() + ":" + request.guide().to());
        }
        text.putAll(pictures);
        text.put("sampler", request.sampler());
        if (request.width() > 0) {
            text.put("size", request.width() + "x" + request.height());
        }
        if (request.size().exact()) {
            text.put("exact_size", "true");
        }
        if (request.clip().frames() > 0) {
            text.put("frames", Integer.toString(request.clip().frames()));
        }
        if (request.clip().end() > 0) {
            text.put("seconds", Double.toString(request.clip().end() - request.clip().start()));
        }
        text.put("precision", network.precisionName());
        if (!request.caching().equals(Caching.OFF)) {
            text.put("cache", request.caching().text());
        }
        return text;
    }
}
