package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/// What a viewer makes of a WebP file (WebP Container Specification): the pictures of the frames
/// are decoded by another library than the one that writes them, and laid onto each other here.
///
/// @param rounds how often it is shown, 0 without end
/// @param ends of the frames in milliseconds
record WebpFrames(List<Picture> frames, int rounds, List<Long> ends) {
    private static final int PLACE = 16; // bytes before the picture of a frame
    private static final int DISPOSE = 1;

    static WebpFrames of(Path file) throws IOException {
        ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(name(b)).isEqualTo("RIFF");
        assertThat(b.getInt()).isEqualTo(b.capacity() - 8);
        assertThat(name(b)).isEqualTo("WEBP");
        var frames = new ArrayList<Picture>();
        var ends = new ArrayList<Long>();
        int rounds = 1;
        BufferedImage canvas = null;
        while (b.hasRemaining()) {
            String kind = name(b);
            int size = b.getInt();
            ByteBuffer chunk = b.slice(b.position(), size).order(ByteOrder.LITTLE_ENDIAN);
            switch (kind) {
                case "VP8X" ->
                        canvas =
                                new BufferedImage(
                                        three(chunk, 4) + 1,
                                        three(chunk, 7) + 1,
                                        BufferedImage.TYPE_INT_ARGB);
                case "ANIM" -> rounds = chunk.getShort(4);
                case "ANMF" -> {
                    draw(canvas, chunk);
                    frames.add(picture(canvas));
                    ends.add((ends.isEmpty() ? 0 : ends.getLast()) + three(chunk, 12));
                }
                case "VP8L" -> frames.add(PictureFile.read(file));
                default -> throw new AssertionError("a chunk " + kind);
            }
            b.position(b.position() + size + size % 2);
        }
        return new WebpFrames(frames, rounds, ends);
    }

    private static void draw(BufferedImage canvas, ByteBuffer frame) throws IOException {
        int flags = frame.get(15);
        assertThat(flags & DISPOSE).isZero();
        assertThat(
                        new String(
                                frame.array(),
                                frame.arrayOffset() + PLACE,
                                4,
                                StandardCharsets.US_ASCII))
                .isEqualTo("VP8L");
        int size = frame.capacity() - PLACE;
        ByteBuffer still = ByteBuffer.allocate(12 + size).order(ByteOrder.LITTLE_ENDIAN);
        still.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(4 + size);
        still.put("WEBP".getBytes(StandardCharsets.US_ASCII)).put(frame.slice(PLACE, size));
        BufferedImage part = ImageIO.read(new ByteArrayInputStream(still.array()));
        assertThat(part.getWidth()).isEqualTo(three(frame, 6) + 1);
        assertThat(part.getHeight()).isEqualTo(three(frame, 9) + 1);
        int left = 2 * three(frame, 0);
        int top = 2 * three(frame, 3);
        boolean replaces = (flags & 2) != 0;
        for (int y = 0; y < part.getHeight(); y++) {
            for (int x = 0; x < part.getWidth(); x++) {
                int argb = part.getRGB(x, y);
                assertThat(argb >>> 24).isIn(0, 255);
                if (replaces || argb >>> 24 == 255) {
                    canvas.setRGB(left + x, top + y, argb);
                }
            }
        }
    }

    private static Picture picture(BufferedImage canvas) {
        int w = canvas.getWidth();
        var rgb = new byte[3 * w * canvas.getHeight()];
        for (int i = 0; i < rgb.length; i++) {
            int argb = canvas.getRGB(i / 3 % w, i / 3 / w);
            assertThat(argb >>> 24).isEqualTo(255);
            rgb[i] = (byte) (argb >> 8 * (2 - i % 3));
        }
        return Picture.of(w, canvas.getHeight(), rgb);
    }

    private static String name(ByteBuffer b) {
        var name = new byte[4];
        b.get(name);
        return new String(name, StandardCharsets.US_ASCII);
    }

    private static int three(ByteBuffer b, int at) {
        return b.getShort(at) & 0xffff | (b.get(at + 2) & 0xff) << 16;
    }
}
