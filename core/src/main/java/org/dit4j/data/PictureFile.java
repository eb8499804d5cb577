package org.dit4j.data;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.tensor.ShapeException;
import org.w3c.dom.NodeList;

/// Reads picture files (PNG, JPEG, WebP, GIF, BMP; of an animation the first frame) and writes PNG
/// files.
public final class PictureFile {
    private static final long MAX_BYTES = 256L << 20;
    private static final String PNG = "javax_imageio_png_1.0";
    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "webp", "gif", "bmp");

    private PictureFile() {}

    /// Returns whether the name of the file ends as that of a picture.
    public static boolean named(Path path) {
        String name = String.valueOf(path.getFileName());
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    /// Reads a picture; what is transparent shows white.
    ///
    /// @throws DataException naming the file if it cannot be read or is no picture
    public static Picture read(Path path) {
        return decode(bytes(path), path.toString());
    }

    /// Decodes a picture; what is transparent shows white.
    ///
    /// @param name the file it came from, for messages
    /// @throws DataException if the bytes are no picture
    public static Picture decode(byte[] file, String name) {
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            ImageReader reader = reader(in, name);
            try {
                reader.setInput(in, true, true);
                Picture.requireSize(reader.getWidth(0), reader.getHeight(0));
                return onWhite(reader.read(0));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            // the readers throw whatever a broken file makes them stumble over
            if (e instanceof DataException own) {
                throw own;
            }
            String why = e instanceof ShapeException ? ": " + e.getMessage() : reason(e);
            throw new DataException("%s: the picture is not readable%s".formatted(name, why), e);
        }
    }

    /// Writes a PNG file, completely or not at all.
    ///
    /// @throws org.dit4j.checkpoint.CheckpointException if it could not be written
    public static void write(Path path, Picture picture) {
        write(path, picture, Map.of());
    }

    /// Writes a PNG file with text chunks (`iTXt`, UTF-8; PNG specification, section 11.3.4),
    /// completely or not at all. The same picture and text give the same bytes.
    ///
    /// @param text keywords of 1 to 79 Latin letters, and their texts
    /// @throws org.dit4j.checkpoint.CheckpointException if it could not be written
    public static void write(Path path, Picture picture, Map<String, String> text) {
        byte[] png = encode(picture, text);
        AtomicFile.writeStream(path, out -> out.write(png));
    }

    /// Returns the PNG file with the given text chunks.
    public static byte[] encode(Picture picture, Map<String, String> text) {
        BufferedImage image = image(picture);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            IIOMetadata metadata =
                    writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), null);
            if (!text.isEmpty()) {
                metadata.mergeTree(PNG, chunks(new TreeMap<>(text)));
            }
            writer.setOutput(out);
            writer.write(new IIOImage(image, null, metadata));
        } catch (IOException e) {
            throw new DataException("a picture could not be encoded" + reason(e), e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /// Reads the text chunks of a PNG file (`iTXt`, `tEXt` and `zTXt`); nothing from other files.
    ///
    /// @throws DataException naming the file if it cannot be read or is no picture
    public static Map<String, String> text(Path path) {
        var text = new TreeMap<String, String>();
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes(path)))) {
            ImageReader reader = reader(in, path.toString());
            try {
                reader.setInput(in, true, false);
                IIOMetadata metadata = reader.getImageMetadata(0);
                if (metadata != null && PNG.equals(metadata.getNativeMetadataFormatName())) {
                    var tree = (IIOMetadataNode) metadata.getAsTree(PNG);
                    collect(text, tree.getElementsByTagName("zTXtEntry"), "text");
                    collect(text, tree.getElementsByTagName("tEXtEntry"), "value");
                    collect(text, tree.getElementsByTagName("iTXtEntry"), "text");
                }
            } finally {
                reader.dispose();
            }
        } catch (IOException e) {
            throw new DataException(
                    "%s: the picture is not readable%s".formatted(path, reason(e)), e);
        }
        return text;
    }

    private static void collect(Map<String, String> text, NodeList entries, String attribute) {
        for (int i = 0; i < entries.getLength(); i++) {
            var entry = (IIOMetadataNode) entries.item(i);
            text.put(entry.getAttribute("keyword"), entry.getAttribute(attribute));
        }
    }

    private static IIOMetadataNode chunks(Map<String, String> text) {
        var list = new IIOMetadataNode("iTXt");
        text.forEach((keyword, value) -> {
            var entry = new IIOMetadataNode("iTXtEntry");
            entry.setAttribute("keyword", keyword);
            entry.setAttribute("compressionFlag", "FALSE");
            entry.setAttribute("compressionMethod", "0");
            entry.setAttribute("languageTag", "");
            entry.setAttribute("translatedKeyword", "");
            entry.setAttribute("text", value);
            list.appendChild(entry);
        });
        var root = new IIOMetadataNode(PNG);
        root.appendChild(list);
        return root;
    }

    private static byte[] bytes(Path path) {
        try {
            long size = Files.size(path);
            DataException.require(
                    size <= MAX_BYTES, "%s: %d bytes are too many for a picture", path, size);
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw DataException.io("read", path, e);
        }
    }

    private static ImageReader reader(ImageInputStream in, String name) {
        var readers = ImageIO.getImageReaders(in);
        DataException.require(
                readers.hasNext(), "%s: this is no PNG, JPEG, WebP, GIF or BMP picture", name);
        return readers.next();
    }

    private static String reason(Exception e) {
        return e.getMessage() == null ? "" : ": " + e.getMessage().lines().findFirst().orElse("");
    }

    static BufferedImage image(Picture p) {
        var image = new BufferedImage(p.width(), p.height(), BufferedImage.TYPE_INT_RGB);
        byte[] rgb = p.bytes();
        var pixels = new int[p.width() * p.height()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] =
                    (rgb[3 * i] & 0xff) << 16
                            | (rgb[3 * i + 1] & 0xff) << 8
                            | rgb[3 * i + 2] & 0xff;
        }
        image.setRGB(0, 0, p.width(), p.height(), pixels, 0, p.width());
        return image;
    }

    private static Picture onWhite(BufferedImage image) {
        int w = image.getWidth();
        int h = image.getHeight();
        int[] argb = isGray(image) ? gray(image) : image.getRGB(0, 0, w, h, null, 0, w);
        var rgb = new byte[3 * w * h];
        for (int i = 0; i < argb.length; i++) {
            int alpha = argb[i] >>> 24;
            for (int c = 0; c < 3; c++) {
                int v = argb[i] >> (16 - 8 * c) & 0xff;
                rgb[3 * i + c] = (byte) ((v * alpha + 255 * (255 - alpha) + 127) / 255);
            }
        }
        return Picture.wrap(w, h, rgb);
    }

    private static boolean isGray(BufferedImage image) {
        int bands = image.getRaster().getNumBands();
        int space = image.getColorModel().getColorSpace().getType();
        return space == java.awt.color.ColorSpace.TYPE_GRAY && bands <= 2;
    }

    /// Java takes gray values for linear light and would brighten them.
    private static int[] gray(BufferedImage image) {
        Raster raster = image.getRaster();
        int w = image.getWidth();
        int n = w * image.getHeight();
        int shift = Math.max(0, image.getSampleModel().getSampleSize(0) - 8);
        boolean transparent = raster.getNumBands() == 2;
        var argb = new int[n];
        for (int i = 0; i < n; i++) {
            int v = raster.getSample(i % w, i / w, 0) >> shift & 0xff;
            int alpha = transparent ? raster.getSample(i % w, i / w, 1) >> shift & 0xff : 255;
            argb[i] = alpha << 24 | v << 16 | v << 8 | v;
        }
        return argb;
    }
}
