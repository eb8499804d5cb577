package org.dit4j.codec;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PROFILE_H264_HIGH;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_BGRA;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_d2q;
import static org.bytedeco.ffmpeg.global.avutil.av_make_q;

import java.io.IOException;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avutil.AVRational;

/// A container with the encoder of its frames.
public enum FrameFormat {
    /// H.264 (High profile, 4:2:0, BT.709) in MP4, with one quantizer for all pictures.
    MP4("mp4", "libopenh264", AV_PIX_FMT_YUV420P) {
        @Override
        void configure(AVCodecContext codec, double rate) {
            codec.profile(AV_PROFILE_H264_HIGH);
            codec.qmin(QUANTIZER).qmax(QUANTIZER);
            codec.gop_size(Math.clamp(Math.round(KEY_SECONDS * rate), 1, MAX_KEY));
            // the encoder knows 1 to 60 frames a second, and uses them only to hold a bit rate
            codec.framerate(rational(Math.clamp(rate, 1, 60)));
            codec.colorspace(AVCOL_SPC_BT709).color_primaries(AVCOL_PRI_BT709);
            codec.color_trc(AVCOL_TRC_BT709).color_range(AVCOL_RANGE_MPEG);
        }

        @Override
        void configure(AVFormatContext container) {}
    },

    /// Lossless WebP (VP8L), shown without end.
    WEBP("webp", "libwebp_anim", AV_PIX_FMT_BGRA) {
        @Override
        void configure(AVCodecContext codec, double rate) throws IOException {
            codec.time_base(av_make_q(1, 1000)); // what the format counts in
            Ffmpeg.option(codec.priv_data(), "lossless", 1);
        }

        @Override
        void configure(AVFormatContext container) throws IOException {
            Ffmpeg.option(container.priv_data(), "loop", 0);
        }
    };

    private static final int QUANTIZER = 18;
    private static final double KEY_SECONDS = 4;
    private static final int MAX_KEY = 250;
    private static final int DENOMINATOR = 100_000;

    private final String container;
    private final String encoder;
    private final int pixels;

    FrameFormat(String container, String encoder, int pixels) {
        this.container = container;
        this.encoder = encoder;
        this.pixels = pixels;
    }

    /// Returns the name of the container.
    String container() {
        return container;
    }

    /// Returns the name of the encoder.
    String encoder() {
        return encoder;
    }

    /// Returns how the encoder takes its pixels.
    int pixels() {
        return pixels;
    }

    /// Returns a rate as a fraction, so that 24000 / 1001 stays near enough for hours.
    static AVRational rational(double rate) {
        return av_d2q(rate, DENOMINATOR);
    }

    /// Sets what is special to the encoder.
    ///
    /// @param rate frames a second
    abstract void configure(AVCodecContext codec, double rate) throws IOException;

    /// Sets what is special to the container.
    abstract void configure(AVFormatContext container) throws IOException;
}
