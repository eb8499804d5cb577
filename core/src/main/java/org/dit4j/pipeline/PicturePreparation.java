package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Picture;
import org.dit4j.data.Resampling;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.JsonNode;

/// How pictures are brought to the size of an encoder: the shorter side to `shortest`, the middle
/// cut out, and the colours normalised (transformers, `image_processing_clip.py`).
///
/// @param shortest the shorter side in pixels
/// @param crop height and width of the middle, at most `shortest`
/// @param mean of each colour, in shares of 1
/// @param std of each colour, in shares of 1
record PicturePreparation(int shortest, int crop, List<Double> mean, List<Double> std) {
    private static final int COLOURS = 3;
    private static final int MOST = 4096;
    private static final int BICUBIC = 3;

    /// Mean and standard deviation of the pictures of CLIP (transformers, `image_utils.py`).
    private static final List<Double> MEAN = List.of(0.48145466, 0.4578275, 0.40821073);

    private static final List<Double> STD = List.of(0.26862954, 0.26130258, 0.27577711);

    PicturePreparation {
        ConfigException.require(
                crop > 0 && crop <= shortest && shortest <= MOST,
                "crop_size %d must be at most size %d, and that at most %d",
                crop,
                shortest,
                MOST);
        ConfigException.require(
                mean.size() == COLOURS
                        && std.size() == COLOURS
                        && std.stream().allMatch(s -> s > 0),
                "image_mean %s and image_std %s must have three numbers, those of image_std above 0",
                mean,
                std);
    }

    /// Reads `preprocessor_config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    static PicturePreparation read(Path folder) {
        Path file = folder.resolve("preprocessor_config.json");
        var fields = new JsonFields(JsonFile.tree(file), file);
        fields.require(
                "image_processor_type",
                "CLIPImageProcessor",
                "CLIPImageProcessorFast",
                "CLIPImageProcessorPil");
        for (String step :
                List.of(
                        "do_resize",
                        "do_center_crop",
                        "do_rescale",
                        "do_normalize",
                        "do_convert_rgb")) {
            fields.require(step, true);
        }
        fields.require("resample", BICUBIC);
        fields.require("rescale_factor", 1.0 / 255);
        fields.ignore("feature_extractor_type", "processor_class", "_valid_processor_keys");
        var preparation =
                new PicturePreparation(
                        side(fields, "size", "shortest_edge", file),
                        side(fields, "crop_size", "height", file),
                        fields.has("image_mean") ? fields.numbers("image_mean") : MEAN,
                        fields.has("image_std") ? fields.numbers("image_std") : STD);
        fields.noOthers();
        return preparation;
    }

    /// A side is a number, or by its name in an object, where height and width are the same.
    private static int side(JsonFields fields, String key, String name, Object where) {
        if (!fields.has(key)) {
            return 224;
        }
        JsonNode node = fields.tree(key);
        JsonNode side = node.isObject() ? node.path(name) : node;
        ConfigException.require(
                side.isInt() && (!node.has("width") || node.path("width").equals(side)),
                "%s: %s must be a whole number, or an object with %s, and square, but is %s",
                where,
                key,
                name,
                node);
        return side.intValue();
    }

    /// Returns a picture as the encoder takes it.
    ///
    /// @return float32 `[3, crop, crop]`
    Tensor pixels(Picture picture) {
        int w = picture.width();
        int h = picture.height();
        int longer = (int) ((long) shortest * Math.max(w, h) / Math.min(w, h));
        Picture fitting =
                w <= h
                        ? Resampling.BICUBIC.resize(picture, shortest, longer)
                        : Resampling.BICUBIC.resize(picture, longer, shortest);
        Picture middle =
                fitting.crop(
                        (fitting.width() - crop) / 2, (fitting.height() - crop) / 2, crop, crop);
        Tensor x = Ops.div(Ops.to(middle.tensor(), Dtype.FLOAT32), 255); // [crop, crop, 3]
        return x.sub(colours(mean)).div(colours(std)).permute(2, 0, 1).contiguous();
    }

    private static Tensor colours(List<Double> numbers) {
        double[] all = numbers.stream().mapToDouble(Double::doubleValue).toArray();
        return Ops.to(Tensors.of(all, all.length), Dtype.FLOAT32);
    }
}
