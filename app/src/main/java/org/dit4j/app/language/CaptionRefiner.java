package org.dit4j.app.language;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.dit4j.app.data.Progress;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Captions;
import org.dit4j.data.DataException;
import org.dit4j.data.ImageFolder;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Has a language model write one more caption for every picture of a folder with `metadata.jsonl`,
/// in each language that the picture has captions in.
///
/// What is done is saved every half minute and at the end, completely or not at all, and is not
/// asked for again. An answer that cannot be used leaves its picture for another time; without an
/// answer, or after ten unusable ones in a row, the run ends.
public final class CaptionRefiner {
    private static final long SAVE_EVERY_NANOS = 30_000_000_000L;
    private static final int MOST_UNUSABLE = 10;

    private final LanguageModel model;
    private final Progress progress;
    private final Consumer<String> notes;

    private boolean stopped;
    private @Nullable Thread asking;

    /// @param progress hears of each picture
    /// @param notes receives a line for each answer that cannot be used
    public CaptionRefiner(LanguageModel model, Progress progress, Consumer<String> notes) {
        this.model = model;
        this.progress = progress;
        this.notes = notes;
    }

    /// What became of the pictures.
    ///
    /// @param refined pictures that have new captions
    /// @param complete pictures that lacked none
    /// @param left pictures that still lack some
    public record Summary(int refined, int complete, int left) {}

    /// Refines the captions of a folder in place.
    ///
    /// @param limit the most pictures to ask for
    /// @throws DataException if the folder has no `metadata.jsonl`, or it is damaged
    /// @throws LanguageModelException if the model gives no answer: the line says where; what was
    ///   done before is saved
    public Summary refine(Path folder, int limit) {
        Path file = folder.resolve("metadata.jsonl");
        DataException.require(
                Files.isRegularFile(file), "there is no metadata.jsonl in %s", folder);
        Map<String, Captions> captions = new HashMap<>();
        ImageFolder.open(folder).examples().forEach(e -> captions.put(e.file(), e.captions()));
        return new Run(file, lines(file), captions, limit).all();
    }

    /// Ends [#refine] soon, from another thread: an open question is given up.
    public synchronized void stop() {
        stopped = true;
        if (asking != null) {
            asking.interrupt();
        }
    }

    private synchronized boolean isStopped() {
        return stopped;
    }

    /// Only while the model is asked may the thread be interrupted: never while a file is written.
    private String ask(String text) {
        synchronized (this) {
            if (stopped) {
                throw new LanguageModelException("stopped");
            }
            asking = Thread.currentThread();
        }
        try {
            return model.answer(Instruction.REFINE.inLanguageOf(text), text);
        } finally {
            synchronized (this) {
                asking = null;
                boolean _ = stopped && Thread.interrupted();
            }
        }
    }

    private static List<String> lines(Path file) {
        try {
            return new java.util.ArrayList<>(Files.readAllLines(file));
        } catch (IOException e) {
            throw DataException.io("read", file, e);
        }
    }

    /// One pass over the lines of a file.
    private final class Run {
        private final Path file;
        private final List<String> lines;
        private final Map<String, Captions> captions;
        private final int limit;
        private int refined;
        private int complete;
        private int left;
        private int unusableInRow;
        private boolean changed;
        private long saved = System.nanoTime();

        Run(Path file, List<String> lines, Map<String, Captions> captions, int limit) {
            this.file = file;
            this.lines = lines;
            this.captions = captions;
            this.limit = limit;
        }

        Summary all() {
            int asked = 0;
            try {
                for (int i = 0; i < lines.size(); i++) {
                    if (!lines.get(i).isBlank()) {
                        asked += one(i, asked < limit && !isStopped());
                    }
                    progress.report("refine captions", i + 1L, lines.size());
                    saveNowAndThen();
                }
            } finally {
                save();
            }
            return new Summary(refined, complete, left);
        }

        /// Returns 1 if the model was asked for the picture of line `i`, otherwise 0.
        private int one(int i, boolean wanted) {
            var json = (ObjectNode) JsonFile.mapper().readTree(lines.get(i));
            String name = json.path("file_name").asString();
            var line = new CaptionLine(json, captions.getOrDefault(name, Captions.NONE));
            List<String> open = line.open();
            if (open.isEmpty()) {
                complete++;
                return 0;
            }
            if (wanted) {
                refine(line, open, i, name);
            }
            boolean done = line.open().isEmpty();
            refined += done ? 1 : 0;
            left += done ? 0 : 1;
            return wanted ? 1 : 0;
        }

        private void refine(CaptionLine line, List<String> languages, int i, String name) {
            String where = "%s, line %d (%s)".formatted(file, i + 1, name);
            for (String language : languages) {
                try {
                    line.add(language, ask(line.texts(language)));
                    lines.set(i, line.json());
                    changed = true;
                    unusableInRow = 0;
                } catch (AnswerException | DataException e) {
                    unusable(where, language, e);
                } catch (LanguageModelException e) {
                    if (isStopped()) {
                        return;
                    }
                    throw new LanguageModelException(
                            "%s: %s; %d pictures before it were refined and are saved"
                                    .formatted(where, e.getMessage(), refined),
                            e);
                }
            }
        }

        private void unusable(String where, String language, Exception e) {
            unusableInRow++;
            String line = "%s, %s: %s".formatted(where, language, e.getMessage());
            notes.accept("left out: " + line);
            if (unusableInRow >= MOST_UNUSABLE) {
                throw new LanguageModelException(
                        "%d answers in a row cannot be used; the last: %s; %d pictures before it were refined and are saved"
                                .formatted(unusableInRow, line, refined),
                        e);
            }
        }

        private void saveNowAndThen() {
            if (System.nanoTime() - saved > SAVE_EVERY_NANOS) {
                save();
                saved = System.nanoTime();
            }
        }

        private void save() {
            if (!changed) {
                return;
            }
            AtomicFile.writeStream(
                    file,
                    out -> {
                        for (String line : lines) {
                            out.write(line.getBytes(StandardCharsets.UTF_8));
                            out.write('\n');
                        }
                    });
            changed = false;
        }
    }
}
