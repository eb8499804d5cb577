package org.dit4j.codec;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_CS_ITU709;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import java.io.IOException;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;

/// Turns RGB into the pixels of an encoder, by BT.709 where those are no RGB.
///
/// @param rgb takes a picture, borrowed
/// @param encoded takes it as the encoder wants it, borrowed
/// @param converter from one to the other, borrowed
record FramePixels(AVFrame rgb, AVFrame encoded, SwsContext converter) {
    /// How the pixels of [#rgb] are stored.
    static final int RGB = AV_PIX_FMT_RGB24;

    private static final int FLAGS = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP;
    private static final int FULL_RANGE = 1;
    private static final int VIDEO_RANGE = 0;
    private static final int ONE = 1 << 16; // 16.16, as brightness, contrast and saturation are

    /// Returns room for a picture.
    static Owned<AVFrame> room(int width, int height, int pixels) throws IOException {
        return Owned.of(av_frame_alloc(), "memory", avutil::av_frame_free)
                .with(frame -> {
                    frame.width(width).height(height).format(pixels);
                    Ffmpeg.check(av_frame_get_buffer(frame, 0), "room for a picture");
                });
    }

    /// Returns what turns RGB into other pixels.
    static Owned<SwsContext> converter(int width, int height, int pixels) throws IOException {
        DoublePointer none = null;
        var context =
                sws_getContext(width, height, RGB, width, height, pixels, FLAGS, null, null, none);
        IntPointer bt709 = sws_getCoefficients(SWS_CS_ITU709);
        return Owned.of(context, "converter of pixels", swscale::sws_freeContext)
                .with(
                        // from RGB to RGB there are no such details: what it returns is no error
                        c ->
                                sws_setColorspaceDetails(
                                        c, bt709, FULL_RANGE, bt709, VIDEO_RANGE, 0, ONE, ONE));
    }

    /// Converts a picture into [#encoded].
    ///
    /// @param bytes RGB, `[H, W, 3]`
    void convert(byte[] bytes) throws IOException {
        int row = 3 * rgb.width();
        BytePointer rows = rgb.data(0);
        for (int y = 0; y < rgb.height(); y++) {
            rows.position((long) y * rgb.linesize(0)).put(bytes, y * row, row);
        }
        Ffmpeg.check(av_frame_make_writable(encoded), "room for a picture");
        int height = rgb.height();
        Ffmpeg.check(
                sws_scale(
                        converter,
                        rgb.data(),
                        rgb.linesize(),
                        0,
                        height,
                        encoded.data(),
                        encoded.linesize()),
                "the pixels of a picture");
    }
}
