package org.dit4j.app.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.DataException;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;

/// Turns the files of Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747) into PNG pictures: folders
/// `train` and `test`, in each a folder for each of the ten classes.
///
/// @param source the folder with the four idx files
public record FashionMnist(Path source) {
    /// Where Debian's package `dataset-fashion-mnist` puts the files.
    public static final Path DEBIAN = Path.of("/usr/share/datasets/fashion-mnist");

    private static final List<String> CLASSES =
            List.of(
                    "t-shirt-top",
                    "trouser",
                    "pullover",
                    "dress",
                    "coat",
                    "sandal",
                    "shirt",
                    "sneaker",
                    "bag",
                    "ankle-boot");

    /// Pictures and classes of one part.
    private record Part(String name, IdxFile pictures, IdxFile labels) {
        int size() {
            return pictures.shape()[0];
        }
    }

    /// Writes the set into the folder `out`, which must not exist or be empty: afterwards it is
    /// complete or not there.
    ///
    /// @return how many pictures
    /// @throws DataException if a file is missing or damaged, or the folder could not be written
    public int write(Path out, Progress progress) {
        Part train = part("train", "train");
        Part test = part("test", "t10k");
        return NewFolder.write(
                out,
                folder -> {
                    write(folder, train, progress);
                    write(folder, test, progress);
                    JsonFile.write(folder.resolve("manifest.json"), manifest(train, test));
                    return train.size() + test.size();
                });
    }

    private Part part(String name, String prefix) {
        IdxFile pictures = IdxFile.read(file(prefix + "-images", "idx3"), 3);
        IdxFile labels = IdxFile.read(file(prefix + "-labels", "idx1"), 1);
        DataException.require(
                pictures.shape()[0] == labels.shape()[0],
                "%s: %d pictures but %d labels",
                source,
                pictures.shape()[0],
                labels.shape()[0]);
        for (byte label : labels.data()) {
            DataException.require(
                    label >= 0 && label < CLASSES.size(),
                    "%s: a label is %d",
                    source,
                    label & 0xff);
        }
        return new Part(name, pictures, labels);
    }

    private Path file(String name, String kind) {
        for (String form : List.of("-%s-ubyte.gz", "-%s-ubyte", ".%s-ubyte.gz", ".%s-ubyte")) {
            Path file = source.resolve(name + form.formatted(kind));
            if (Files.exists(file)) {
                return file;
            }
        }
        throw new DataException(
                ("there is no %s-%s-ubyte.gz in %s; install Debian's package dataset-fashion-mnist, or"
                                + " give with --from a folder with the four files of"
                                + " github.com/zalandoresearch/fashion-mnist")
                        .formatted(name, kind, source));
    }

    private static void write(Path folder, Part part, Progress progress) throws IOException {
        for (String name : CLASSES) {
            Files.createDirectories(folder.resolve(part.name).resolve(name));
        }
        int height = part.pictures.shape()[1];
        int width = part.pictures.shape()[2];
        for (int i = 0; i < part.size(); i++) {
            String name = CLASSES.get(part.labels.data()[i]);
            Path file = folder.resolve("%s/%s/%05d.png".formatted(part.name, name, i));
            Picture picture =
                    Picture.ofGray(width, height, part.pictures.data(), i * width * height);
            Files.write(file, PictureFile.encode(picture, Map.of()));
            progress.report("write " + part.name, i + 1, part.size());
        }
    }

    private static Map<String, Object> manifest(Part train, Part test) {
        var manifest = new LinkedHashMap<String, Object>();
        manifest.put("name", "Fashion-MNIST");
        manifest.put("source", "https://github.com/zalandoresearch/fashion-mnist");
        manifest.put("license", "MIT");
        manifest.put("credit", "Zalando SE");
        manifest.put("classes", CLASSES);
        manifest.put("train", train.size());
        manifest.put("test", test.size());
        return manifest;
    }
}
