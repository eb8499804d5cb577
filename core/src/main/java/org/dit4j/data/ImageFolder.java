package org.dit4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/// A folder of pictures, in one of three layouts: class sub-folders (as PyTorch's `ImageFolder`), a
/// `metadata.jsonl` with a line for each picture (as Hugging Face's imagefolder), or plain files
/// without classes. Only the list of files is read; see [#read].
///
/// @param folder the folder
/// @param classes their names, sorted; empty if there are none
/// @param examples the pictures, sorted by name, so the same folder gives the same order everywhere
public record ImageFolder(Path folder, List<String> classes, List<Example> examples) {
    private static final String METADATA = "metadata.jsonl";
    private static final int MAX_FILES = 50_000_000;

    /// A picture of the folder.
    ///
    /// @param file its name relative to the folder, with `/`
    /// @param label number of its class, -1 if there are no classes
    /// @param subject what it shows, so that all pictures of it are held out together (see
    ///   [HoldOut]); empty if the data do not say
    /// @param captions texts for it
    public record Example(String file, int label, String subject, Captions captions) {
        /// Creates a picture of which nothing but the class is known.
        public Example(String file, int label) {
            this(file, label, "", Captions.NONE);
        }
    }

    /// Keeps copies of the lists.
    public ImageFolder {
        classes = List.copyOf(classes);
        examples = List.copyOf(examples);
    }

    /// Hears how reading goes on.
    public interface Listener {
        /// `done` of `total` pictures were looked at.
        void progress(int done, int total);

        /// A picture cannot be read and is left out.
        ///
        /// @param reason one line that names the file
        void skipped(String reason);
    }

    /// Lists the pictures of a folder.
    ///
    /// @throws DataException in one line if there are none, the layout is ambiguous or damaged, or
    ///   the folder cannot be read
    public static ImageFolder open(Path folder) {
        DataException.require(Files.isDirectory(folder), "there is no folder %s", folder);
        Path metadata = folder.resolve(METADATA);
        List<Labelled> found =
                Files.exists(metadata) ? PictureMetadata.read(metadata) : labelledByFolder(folder);
        DataException.require(
                !found.isEmpty(), "there are no pictures in %s", folder.toAbsolutePath());
        return of(folder, found);
    }

    /// A picture and the name of its class, empty for none.
    record Labelled(String file, String label, String subject, Captions captions) {}

    private static ImageFolder of(Path folder, List<Labelled> found) {
        List<String> classes =
                found.stream()
                        .map(Labelled::label)
                        .filter(l -> !l.isEmpty())
                        .distinct()
                        .sorted()
                        .toList();
        long without = found.stream().filter(l -> l.label.isEmpty()).count();
        DataException.require(
                without == 0 || classes.isEmpty(),
                "%s: %d pictures have no class but the others have one",
                folder,
                without);
        var numbers = new java.util.HashMap<String, Integer>();
        classes.forEach(name -> numbers.put(name, numbers.size()));
        List<Example> examples =
                found.stream()
                        .map(l -> example(l, numbers.getOrDefault(l.label, -1)))
                        .sorted(Comparator.comparing(Example::file))
                        .toList();
        return new ImageFolder(folder, classes, examples);
    }

    private static Example example(Labelled found, int label) {
        return new Example(found.file, label, found.subject, found.captions);
    }

    /// The class is the first folder on the way to the picture; what begins with a dot is hidden.
    private static List<Labelled> labelledByFolder(Path folder) {
        var found = new ArrayList<Labelled>();
        try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path name = folder.relativize(file);
                if (PictureFile.named(file) && !hidden(name) && Files.isRegularFile(file)) {
                    String label = name.getNameCount() > 1 ? name.getName(0).toString() : "";
                    found.add(labelled(name, label));
                    DataException.require(
                            found.size() <= MAX_FILES, "%s: too many pictures", folder);
                }
            }
        } catch (IOException e) {
            throw DataException.io("read", folder, e);
        } catch (UncheckedIOException e) {
            throw new DataException("cannot read %s: %s".formatted(folder, e.getMessage()), e);
        }
        return found;
    }

    private static Labelled labelled(Path name, String label) {
        return new Labelled(name.toString().replace('\\', '/'), label, "", Captions.NONE);
    }

    private static boolean hidden(Path name) {
        for (Path part : name) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    /// Returns the number of pictures.
    public int size() {
        return examples.size();
    }

    /// Returns the same folder with the pictures to train with only.
    ///
    /// @throws DataException if none is left
    public ImageFolder training(HoldOut rule) {
        return part(rule, false);
    }

    /// Returns the same folder with the pictures that are held out only.
    ///
    /// @throws DataException if there are none
    public ImageFolder heldOut(HoldOut rule) {
        return part(rule, true);
    }

    private ImageFolder part(HoldOut rule, boolean held) {
        var part = new ArrayList<Example>();
        for (int i = 0; i < size(); i++) {
            Example example = examples.get(i);
            if (rule.contains(i, example.subject) == held) {
                part.add(example);
            }
        }
        DataException.require(
                !part.isEmpty(),
                "%s: with hold_out %s no picture is %s",
                folder,
                rule.share(),
                held ? "held out" : "left to train with");
        return new ImageFolder(folder, classes, part);
    }

    /// Returns the languages that some picture has captions to train with in, sorted.
    public SortedSet<String> languages() {
        var languages = new TreeSet<String>();
        examples.forEach(example -> languages.addAll(example.captions.languages()));
        return languages;
    }

    /// Reads one picture.
    ///
    /// @throws DataException naming the file if it cannot be read
    public Picture picture(int index) {
        return PictureFile.read(folder.resolve(examples.get(index).file));
    }

    /// Reads all pictures, cropped to squares (see [CenterCrop]), into memory. A picture that
    /// cannot be read is reported and left out.
    ///
    /// @param size height and width
    /// @throws DataException if none can be read
    public PictureSet read(int size, Listener listener) {
        return PictureSet.read(this, size, size, p -> CenterCrop.of(p, size), listener);
    }

    /// Reads all pictures, each whole on a white ground of that size (see [LetterBox]). A picture
    /// that cannot be read is reported and left out.
    ///
    /// @throws DataException if none can be read
    public PictureSet readWhole(int width, int height, Listener listener) {
        return PictureSet.read(this, width, height, p -> LetterBox.of(p, width, height), listener);
    }
}
