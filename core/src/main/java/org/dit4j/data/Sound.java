package org.dit4j.data;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// Sampled sound: float32, about in [-1, 1]. Immutable.
public final class Sound {
    /// The largest number of channels.
    public static final int MAX_CHANNELS = 255;

    /// The highest number of frames a second.
    public static final int MAX_RATE = 1_000_000;

    private final int channels;
    private final int frames;
    private final int rate;
    private final float[] samples; // [channels, frames]

    private Sound(int channels, int frames, int rate, float[] samples) {
        this.channels = channels;
        this.frames = frames;
        this.rate = rate;
        this.samples = samples;
    }

    /// Returns the sound that a tensor holds.
    ///
    /// @param x floats `[channels, frames]`, borrowed
    /// @param rate frames a second
    /// @throws ShapeException if the shape is another
    /// @throws DataException if a sample is no finite number, or the rate is out of bounds
    public static Sound of(Tensor x, int rate) {
        Shapes.require(x, "a sound", Shapes.ANY, Shapes.ANY);
        DataException.require(
                x.size(0) >= 1 && x.size(0) <= MAX_CHANNELS,
                "a sound has 1 to %d channels, not %d",
                MAX_CHANNELS,
                x.size(0));
        DataException.require(
                x.numel() >= 1 && x.numel() <= Integer.MAX_VALUE - 8,
                "a sound of %d samples cannot be held",
                x.numel());
        DataException.require(
                rate >= 1 && rate <= MAX_RATE,
                "a sound has 1 to %d frames a second, not %d",
                MAX_RATE,
                rate);
        float[] samples = Tensors.floats(Ops.to(x, Dtype.FLOAT32));
        for (float sample : samples) {
            DataException.require(
                    Float.isFinite(sample), "a sample of the sound is %s, no number", sample);
        }
        return new Sound((int) x.size(0), (int) x.size(1), rate, samples);
    }

    /// Returns the number of channels.
    public int channels() {
        return channels;
    }

    /// Returns the number of samples of each channel.
    public int frames() {
        return frames;
    }

    /// Returns the frames a second.
    public int rate() {
        return rate;
    }

    /// Returns a sample.
    public float sample(int channel, int frame) {
        return samples[channel * frames + frame];
    }
}
