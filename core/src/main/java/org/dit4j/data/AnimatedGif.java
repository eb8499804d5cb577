package org.dit4j.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.dit4j.checkpoint.AtomicFile;

/// Writes animated GIF files (GIF89a; the number of rounds as Netscape 2.0 stores it). Each frame
/// has up to 256 colours of its own, the nearest of which stand for the others.
public final class AnimatedGif {
    private static final String FRAME = "javax_imageio_gif_image_1.0";
    private static final int MAX_FRAMES = 10_000;
    private static final long MAX_PIXELS = 1L << 31;
    private static final int MAX_ROUNDS = 0xffff;

    /// The most frames a second: shorter times than 2 hundredths of a second are not kept by
    /// browsers.
    public static final double MAX_RATE = 50;

    private AnimatedGif() {}

    /// Writes a file, completely or not at all. Times are whole hundredths of a second, which
    /// differ by one where the rate needs it, so that long animations keep it.
    ///
    /// @param frames of one size, at most 10,000
    /// @param rate frames a second, above 0 and at most 50
    /// @param rounds how often it is shown, 0 for without end
    /// @throws DataException if one of these rules does not hold
    /// @throws org.dit4j.checkpoint.CheckpointException if it could not be written
    public static void write(Path path, List<Picture> frames, double rate, int rounds) {
        requireRules(frames, rate, rounds);
        AtomicFile.writeStream(path, out -> write(out, frames, rate, rounds));
    }

    private static void requireRules(List<Picture> frames, double rate, int rounds) {
        DataException.require(
                !frames.isEmpty() && frames.size() <= MAX_FRAMES,
                "an animation has 1 to %d frames, not %d",
                MAX_FRAMES,
                frames.size());
        DataException.require(
                rate > 0 && rate <= MAX_RATE,
                "a GIF shows up to %.0f frames a second, not %s",
                MAX_RATE,
                rate);
        DataException.require(
                rounds >= 0 && rounds <= MAX_ROUNDS,
                "a GIF is shown 0 to %d times, not %d",
                MAX_ROUNDS,
                rounds);
        Picture first = frames.getFirst();
        for (Picture frame : frames) {
            DataException.require(
                    frame.width() == first.width() && frame.height() == first.height(),
                    "the frames of an animation have one size, but there are %d x %d and %d x %d",
                    first.width(),
                    first.height(),
                    frame.width(),
                    frame.height());
        }
        long pixels = (long) frames.size() * first.width() * first.height();
        DataException.require(
                pixels <= MAX_PIXELS,
                "an animation has at most %d pixels, not %d",
                MAX_PIXELS,
                pixels);
    }

    private static void write(OutputStream out, List<Picture> frames, double rate, int rounds)
            throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        try (var stream = new MemoryCacheImageOutputStream(out)) {
            writer.setOutput(stream);
            ImageWriteParam param = writer.getDefaultWriteParam();
            // Java writes wrong rows of interlaced pictures of fewer than five
            param.setProgressiveMode(ImageWriteParam.MODE_DISABLED);
            writer.prepareWriteSequence(null);
            for (int i = 0; i < frames.size(); i++) {
                BufferedImage image = PictureFile.image(frames.get(i));
                IIOMetadata metadata =
                        writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), param);
                var tree = new IIOMetadataNode(FRAME);
                tree.appendChild(control(hundredths(i + 1, rate) - hundredths(i, rate)));
                if (i == 0 && rounds != 1) {
                    tree.appendChild(repetition(rounds));
                }
                metadata.mergeTree(FRAME, tree);
                writer.writeToSequence(new IIOImage(image, null, metadata), param);
            }
            writer.endWriteSequence();
        } finally {
            writer.dispose();
        }
    }

    private static long hundredths(int frame, double rate) {
        return Math.round(100 * frame / rate);
    }

    private static IIOMetadataNode control(long hundredths) {
        var node = new IIOMetadataNode("GraphicControlExtension");
        node.setAttribute("disposalMethod", "none");
        node.setAttribute("userInputFlag", "FALSE");
        node.setAttribute("transparentColorFlag", "FALSE");
        node.setAttribute("transparentColorIndex", "0");
        node.setAttribute("delayTime", String.valueOf(Math.min(hundredths, 0xffff)));
        return node;
    }

    private static IIOMetadataNode repetition(int rounds) {
        // what is stored is how often it is shown again; 0 is for ever
        int again = rounds == 0 ? 0 : rounds - 1;
        var node = new IIOMetadataNode("ApplicationExtension");
        node.setAttribute("applicationID", "NETSCAPE");
        node.setAttribute("authenticationCode", "2.0");
        node.setUserObject(new byte[] {1, (byte) again, (byte) (again >> 8)});
        var nodes = new IIOMetadataNode("ApplicationExtensions");
        nodes.appendChild(node);
        return nodes;
    }
}
