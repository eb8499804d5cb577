package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_q2d;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/// What a player makes of a file: YUV of BT.709, turned into RGB here by the formula itself.
///
/// @param codec name of the decoder
/// @param rate frames a second that the file states
/// @param seconds that it takes
record DecodedVideo(String codec, double rate, double seconds, List<Picture> frames) {
    static DecodedVideo of(Path file) {
        var input = new AVFormatContext(null);
        assertThat(avformat_open_input(input, file.toString(), null, (AVDictionary) null)).isZero();
        assertThat(avformat_find_stream_info(input, (PointerPointer<?>) null)).isNotNegative();
        assertThat(input.nb_streams()).isOne();
        AVStream stream = input.streams(0);
        var decoder = avcodec_find_decoder(stream.codecpar().codec_id());
        AVCodecContext context = avcodec_alloc_context3(decoder);
        avcodec_parameters_to_context(context, stream.codecpar());
        assertThat(avcodec_open2(context, decoder, (PointerPointer<?>) null)).isZero();
        var frames = new ArrayList<Picture>();
        AVPacket packet = av_packet_alloc();
        while (av_read_frame(input, packet) >= 0) {
            assertThat(avcodec_send_packet(context, packet)).isZero();
            av_packet_unref(packet);
            receive(context, frames);
        }
        avcodec_send_packet(context, null);
        receive(context, frames);
        double rate = av_q2d(stream.avg_frame_rate());
        double seconds = stream.duration() * av_q2d(stream.time_base());
        avformat_close_input(input);
        return new DecodedVideo(decoder.name().getString(), rate, seconds, frames);
    }

    private static void receive(AVCodecContext context, List<Picture> frames) {
        AVFrame frame = av_frame_alloc();
        while (avcodec_receive_frame(context, frame) >= 0) {
            assertThat(frame.format()).isEqualTo(AV_PIX_FMT_YUV420P);
            assertThat(frame.colorspace()).isEqualTo(AVCOL_SPC_BT709);
            assertThat(frame.color_range()).isEqualTo(AVCOL_RANGE_MPEG);
            frames.add(rgb(frame));
        }
    }

    /// ITU-R BT.709: 16 to 235 is black to white, Kr = 0.2126 and Kb = 0.0722.
    private static Picture rgb(AVFrame f) {
        var rgb = new byte[3 * f.width() * f.height()];
        for (int y = 0; y < f.height(); y++) {
            for (int x = 0; x < f.width(); x++) {
                double luma = (at(f, 0, x, y) - 16) / 219.0;
                double blue = 2 * (1 - 0.0722) * (at(f, 1, x / 2, y / 2) - 128) / 224.0;
                double red = 2 * (1 - 0.2126) * (at(f, 2, x / 2, y / 2) - 128) / 224.0;
                double green = -(0.2126 * red + 0.0722 * blue) / (1 - 0.2126 - 0.0722);
                int i = 3 * (y * f.width() + x);
                rgb[i] = value(luma + red);
                rgb[i + 1] = value(luma + green);
                rgb[i + 2] = value(luma + blue);
            }
        }
        return Picture.of(f.width(), f.height(), rgb);
    }

    private static int at(AVFrame f, int plane, int x, int y) {
        BytePointer data = f.data(plane);
        return data.get((long) y * f.linesize(plane) + x) & 0xff;
    }

    private static byte value(double share) {
        return (byte) Math.round(255 * Math.clamp(share, 0, 1));
    }

    /// Returns the peak signal-to-noise ratio of two pictures in dB.
    static double psnr(Picture a, Picture b) {
        double sum = 0;
        for (int i = 0; i < a.bytes().length; i++) {
            sum += Math.pow((a.bytes()[i] & 0xff) - (b.bytes()[i] & 0xff), 2);
        }
        return 10 * Math.log10(255.0 * 255 * a.bytes().length / sum);
    }
}
