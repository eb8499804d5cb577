package org.dit4j.codec;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.av_inv_q;
import static org.bytedeco.ffmpeg.global.avutil.av_rescale_q;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import java.io.IOException;
import java.nio.channels.FileChannel;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/// Encodes frames one after the other, on one thread: the same frames give the same bytes.
public final class FrameEncoder {
    private final AVCodecContext codec;
    private final AVFormatContext container;
    private final AVStream stream;
    private final AVPacket packet;

    private FrameEncoder(AVCodecContext codec, AVFormatContext container, AVPacket packet)
            throws IOException {
        this.codec = codec;
        this.container = container;
        this.packet = packet;
        this.stream = Ffmpeg.require(avformat_new_stream(container, null), "memory");
        stream.time_base(codec.time_base());
        Ffmpeg.check(avcodec_parameters_from_context(stream.codecpar(), codec), "the container");
    }

    /// Writes a whole file from the channel's position on.
    ///
    /// @param rate frames a second, above 0
    /// @param frames RGB, `[H, W, 3]` each
    /// @throws IOException if the channel fails, or the encoder does not take what it was given
    public static void write(
            FileChannel channel,
            FrameFormat format,
            int width,
            int height,
            double rate,
            Iterable<byte[]> frames)
            throws IOException {
        Ffmpeg.load();
        int kind = format.pixels();
        try (var output = new ChannelOutput(channel);
                var container = container(format, output);
                var codec = codec(format, width, height, rate);
                var packet = Owned.of(av_packet_alloc(), "memory", avcodec::av_packet_free);
                var rgb = FramePixels.room(width, height, FramePixels.RGB);
                var encoded = FramePixels.room(width, height, kind);
                var converter = FramePixels.converter(width, height, kind)) {
            var encoder = new FrameEncoder(codec.pointer(), container.pointer(), packet.pointer());
            var pixels = new FramePixels(rgb.pointer(), encoded.pointer(), converter.pointer());
            try {
                encoder.writeAll(pixels, FrameFormat.rational(rate), frames);
            } catch (IOException e) {
                output.check(); // tells more than what the encoder makes of it
                throw e;
            }
            output.check();
        }
    }

    private static Owned<AVFormatContext> container(FrameFormat format, ChannelOutput output)
            throws IOException {
        var context = new AVFormatContext(null);
        Ffmpeg.check(
                avformat_alloc_output_context2(context, null, format.container(), null),
                "the container");
        return Owned.of(context, "container", avformat::avformat_free_context)
                .with(c -> {
                    c.pb(output.context());
                    format.configure(c);
                });
    }

    private static Owned<AVCodecContext> codec(
            FrameFormat format, int width, int height, double rate) throws IOException {
        AVCodec encoder =
                Ffmpeg.require(
                        avcodec_find_encoder_by_name(format.encoder()),
                        "encoder " + format.encoder());
        PointerPointer<?> none = null;
        return Owned.of(avcodec_alloc_context3(encoder), "memory", avcodec::avcodec_free_context)
                .with(c -> {
                    c.width(width).height(height).pix_fmt(format.pixels());
                    c.thread_count(1);
                    c.time_base(av_inv_q(FrameFormat.rational(rate)));
                    c.flags(c.flags() | AV_CODEC_FLAG_GLOBAL_HEADER);
                    format.configure(c, rate);
                    Ffmpeg.check(
                            avcodec_open2(c, encoder, none),
                            "the encoder does not take %d x %d pixels".formatted(width, height));
                });
    }

    private void writeAll(FramePixels pixels, AVRational rate, Iterable<byte[]> frames)
            throws IOException {
        stream.avg_frame_rate(rate);
        AVDictionary none = null;
        Ffmpeg.check(avformat_write_header(container, none), "the header");
        AVFrame frame = pixels.encoded();
        int i = 0;
        for (byte[] rgb : frames) {
            pixels.convert(rgb);
            frame.pts(time(i, rate)).duration(time(i + 1, rate) - time(i, rate));
            encode(frame);
            i++;
        }
        encode(null);
        Ffmpeg.check(av_write_trailer(container), "the end");
    }

    /// Returns when a frame is shown, in the encoder's units.
    private long time(int frame, AVRational rate) {
        return av_rescale_q(frame, av_inv_q(rate), codec.time_base());
    }

    /// Encodes a frame, or with none what is left.
    private void encode(@Nullable AVFrame frame) throws IOException {
        Ffmpeg.check(avcodec_send_frame(codec, frame), "a frame");
        while (true) {
            int code = avcodec_receive_packet(codec, packet);
            if (code == AVERROR_EAGAIN() || code == AVERROR_EOF()) {
                return;
            }
            Ffmpeg.check(code, "a frame");
            av_packet_rescale_ts(packet, codec.time_base(), stream.time_base());
            Ffmpeg.check(av_interleaved_write_frame(container, packet), "a frame");
        }
    }
}
