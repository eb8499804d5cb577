package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Picture;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.text.ClipVision;

/// The encoder of pictures of a pipeline's folder, in `image_encoder` and `image_processor`, opened
/// when first needed. Thread-safe.
final class PictureEncoder implements AutoCloseable {
    private final PicturePreparation preparation;
    private final Lazy<ClipVision> encoder;
    private final Residency residency;

    private PictureEncoder(
            PicturePreparation preparation, Lazy<ClipVision> encoder, Residency residency) {
        this.preparation = preparation;
        this.encoder = encoder;
        this.residency = residency;
    }

    /// Names the encoder of a pipeline.
    ///
    /// @throws org.dit4j.ConfigException if the folder does not say how pictures are prepared
    static PictureEncoder of(Path folder, LoadOptions options, Residency residency) {
        LoadOptions plain = options.withLoras(List.of());
        return new PictureEncoder(
                PicturePreparation.read(folder.resolve("image_processor")),
                new Lazy<>(() -> ClipVision.load(folder.resolve("image_encoder"), plain)),
                residency);
    }

    /// Encodes pictures.
    ///
    /// @return what the last layer but one hands on, float32 `[B, N, D]`, in the caller's scope
    synchronized Tensor states(List<Picture> pictures) {
        Tensor x = Ops.stack(0, pictures.stream().map(preparation::pixels).toList());
        Tensor states = Ops.to(encoder.get().penultimate(x), Dtype.FLOAT32);
        if (residency == Residency.RELEASE) {
            encoder.close();
        }
        return states;
    }

    @Override
    public void close() {
        encoder.close();
    }
}
