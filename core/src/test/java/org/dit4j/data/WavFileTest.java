package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WavFileTest {
    private static final float[] SAMPLES = {0, 0.5f, -1, 1.5f, -0.25f, 1 / 32767f};

    @TempDir Path folder;

    /// Two channels of three frames.
    private static Sound sound() {
        try (var _ = TensorScope.open()) {
            return Sound.of(Tensors.of(SAMPLES, 2, 3), 44100);
        }
    }

    @Test
    void wholeNumbersComeBackInterleavedAndBounded() throws Exception {
        Path file = folder.resolve("a.wav");
        WavFile.write(file, sound(), WavFile.Format.PCM_16);
        assertThat(Files.size(file)).isEqualTo(44 + 12);
        try (var in = AudioSystem.getAudioInputStream(file.toFile())) {
            AudioFormat format = in.getFormat();
            assertThat(format.getEncoding()).isEqualTo(AudioFormat.Encoding.PCM_SIGNED);
            assertThat(format.getSampleRate()).isEqualTo(44100);
            assertThat(format.getChannels()).isEqualTo(2);
            assertThat(format.getSampleSizeInBits()).isEqualTo(16);
            assertThat(in.getFrameLength()).isEqualTo(3);
            ByteBuffer data = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            var samples = new short[6];
            data.asShortBuffer().get(samples);
            // 16383.5 and 8191.75 are rounded, half to even
            assertThat(samples).containsExactly(0, 32767, 16384, -8192, -32767, 1);
        }
    }

    @Test
    void floatsComeBackAsTheyWere() throws Exception {
        Path file = folder.resolve("a.wav");
        WavFile.write(file, sound(), WavFile.Format.FLOAT_32);
        try (var in = AudioSystem.getAudioInputStream(file.toFile())) {
            AudioFormat format = in.getFormat();
            assertThat(format.getEncoding()).isEqualTo(AudioFormat.Encoding.PCM_FLOAT);
            assertThat(format.getSampleSizeInBits()).isEqualTo(32);
            assertThat(in.getFrameLength()).isEqualTo(3);
            ByteBuffer data = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            var samples = new float[6];
            data.asFloatBuffer().get(samples);
            assertThat(samples).containsExactly(0, 1.5f, 0.5f, -0.25f, -1, 1 / 32767f);
        }
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(all.getInt(4)).isEqualTo(all.limit() - 8);
    }

    @Test
    void aLongSoundIsWrittenWhole() throws Exception {
        Path file = folder.resolve("a.wav");
        var samples = new float[100_001];
        java.util.Arrays.fill(samples, -0.5f);
        try (var _ = TensorScope.open()) {
            WavFile.write(
                    file,
                    Sound.of(Tensors.of(samples, 1, samples.length), 16000),
                    WavFile.Format.PCM_16);
        }
        try (var in = AudioSystem.getAudioInputStream(file.toFile())) {
            byte[] data = in.readAllBytes();
            assertThat(data).hasSize(200_002);
            assertThat(ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getShort(200_000))
                    .isEqualTo((short) -16384);
        }
    }

    @Test
    void whatIsNoSoundIsOneLine() {
        try (var _ = TensorScope.open()) {
            assertThatThrownBy(() -> Sound.of(Tensors.of(new float[] {Float.NaN}, 1, 1), 8000))
                    .isInstanceOf(DataException.class)
                    .hasMessage("a sample of the sound is NaN, no number");
            assertThatThrownBy(() -> Sound.of(Tensors.of(SAMPLES, 2, 3), 0))
                    .hasMessage("a sound has 1 to 1000000 frames a second, not 0");
            assertThatThrownBy(() -> Sound.of(Tensors.of(new float[0], 0, 3), 8000))
                    .isInstanceOf(RuntimeException.class)
                    .hasMessageContaining("channels");
        }
    }
}
