package org.dit4j.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.GroupNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Spatial;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// A small residual network (He et al. 2016, arXiv:1603.05027, with group norm) that is trained on
/// the classes of a data set. Its pooled features compare pictures of that data set where those of
/// [InceptionV3], made for photographs of 299 pixels, say little. A distance in these features is
/// comparable only among figures of the same classifier, and is never called FID.
public final class PictureClassifier implements FeatureNetwork {
    private static final int STAGES = 4;
    private static final int GROUPS = 8;
    private static final String KIND = "PictureClassifier";
    private static final int SHOWN_CLASSES = 100_000;

    /// What the network is built from.
    ///
    /// @param width channels of the first stage; each of the four has twice those of the one before
    /// @param size height and width of the pictures it was trained with
    /// @param classes names of the classes, in the order of the logits
    public record Config(int width, int size, List<String> classes) {
        /// Checks the rules.
        public Config {
            classes = List.copyOf(classes);
            ConfigException.require(
                    width > 0 && width % GROUPS == 0 && width <= 1024,
                    "width must be a multiple of %d up to 1024 but is %d",
                    GROUPS,
                    width);
            ConfigException.require(
                    size >= 16 && size <= 1024, "size must be 16 to 1024 but is %d", size);
            ConfigException.require(
                    classes.size() > 1 && classes.size() <= SHOWN_CLASSES,
                    "a classifier needs 2 to %d classes but there are %d",
                    SHOWN_CLASSES,
                    classes.size());
        }

        /// Returns the number of features D.
        public int features() {
            return width << (STAGES - 1);
        }
    }

    /// `x + conv(relu(norm(conv(relu(norm(x))))))`, where the first convolution may halve the
    /// picture; then a 1x1 convolution takes the place of `x`.
    private record Block(
            GroupNorm norm1,
            Conv2d conv1,
            GroupNorm norm2,
            Conv2d conv2,
            @Nullable Conv2d shortcut) {
        static Block of(ParameterSource s, int in, int out, int stride) {
            return new Block(
                    s.groupNorm("norm1", GROUPS, in, 1e-5),
                    s.conv2d("conv1", in, out, 3, stride, 1, false),
                    s.groupNorm("norm2", GROUPS, out, 1e-5),
                    s.conv2d("conv2", out, out, 3, 1, 1, false),
                    in == out && stride == 1
                            ? null
                            : s.conv2d("shortcut", in, out, 1, stride, 0, false));
        }

        Tensor forward(Tensor x) {
            Tensor h = conv1.forward(Ops.relu(norm1.forward(x)));
            h = conv2.forward(Ops.relu(norm2.forward(h)));
            return (shortcut == null ? x : shortcut.forward(x)).add(h);
        }
    }

    private final Config config;
    private final Conv2d stem;
    private final List<Block> blocks;
    private final GroupNorm norm;
    private final Linear fc;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public PictureClassifier(ParameterSource source, Config config) {
        this.config = config;
        int w = config.width;
        stem = source.conv2d("stem", 3, w, 3, 2, 1, false);
        var all = new ArrayList<Block>();
        for (int i = 0; i < STAGES; i++) {
            int out = w << i;
            all.add(Block.of(source.at("blocks." + i), i == 0 ? w : out / 2, out, i == 0 ? 1 : 2));
        }
        blocks = List.copyOf(all);
        norm = source.groupNorm("norm", GROUPS, config.features(), 1e-5);
        fc = source.linear("fc", config.features(), config.classes.size());
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters.
    public static PictureClassifier initialise(Config config, Rng rng) {
        return new PictureClassifier(ParameterSource.initialising(rng), config);
    }

    /// Reads a folder that [#save] wrote.
    ///
    /// @throws ConfigException if its configuration is not that of a classifier
    /// @throws org.dit4j.checkpoint.CheckpointException if the weights do not fit
    public static PictureClassifier load(Path folder) {
        Path file = folder.resolve("config.json");
        var fields = new JsonFields(JsonFile.tree(file), file);
        String kind = fields.text("_class_name", "");
        ConfigException.require(
                kind.equals(KIND), "%s: _class_name must be %s but is \"%s\"", file, KIND, kind);
        var config =
                new Config(
                        fields.integer("width"), fields.integer("size"), fields.texts("classes"));
        fields.noOthers();
        return Checkpoints.load(
                folder.resolve("model.safetensors"),
                LoadOptions.inference(),
                source -> new PictureClassifier(source, config));
    }

    /// Writes a folder that [#load] reads, with weights in float16, which is as exact as its
    /// features need to be.
    public void save(Path folder) {
        try (var _ = TensorScope.open()) {
            var half = new LinkedHashMap<String, Tensor>();
            parameters
                    .all()
                    .forEach((name, w) -> half.put(name, Ops.to(w.detach(), Dtype.FLOAT16)));
            Safetensors.write(folder.resolve("model.safetensors"), half, Map.of("format", "pt"));
        }
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", KIND);
        json.put("width", config.width);
        json.put("size", config.size);
        json.put("classes", config.classes);
        JsonFile.write(folder.resolve("config.json"), json);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the pooled features, recorded for gradients if the mode is on.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    /// @return `[B, D]`
    public Tensor forward(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, 3, Shapes.ANY, Shapes.ANY);
        Tensor h = stem.forward(Ops.channelsLast(x)); // [B, w, H/2, W/2]
        for (Block block : blocks) {
            h = block.forward(h);
        }
        return Ops.mean(Ops.relu(norm.forward(h)), false, 2, 3);
    }

    /// Returns the logits of features, recorded for gradients if the mode is on.
    public Tensor classify(Tensor features) {
        return fc.forward(features);
    }

    /// Pictures of another size are resized to the one it was trained with.
    @Override
    public Tensor features(Tensor x) {
        boolean fits = x.size(2) == config.size && x.size(3) == config.size;
        return Ops.noGrad(() ->
                TensorScope.compute(() ->
                        forward(fits ? x : Spatial.resizeBilinear(x, config.size, config.size))));
    }

    @Override
    public Tensor logits(Tensor features) {
        return Ops.noGrad(() -> classify(features));
    }

    @Override
    public String description() {
        return "classifier of %d classes trained on the data set, %d pooled features (not FID)"
                .formatted(config.classes.size(), config.features());
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }
}
