package org.dit4j.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Spatial;
import org.dit4j.tensor.TensorScope;

/// The network whose features define the FID: Inception-v3 (Szegedy et al. 2015, arXiv:1512.00567)
/// as TensorFlow's graph of 2015-12-05 has it, with the names and the deviations of pytorch-fid's
/// `inception.py`: averages in its pooling branches leave out the padding, and the last block takes
/// the maximum instead.
///
/// The weights are not part of this program: they are the file `pt_inception-2015-12-05.pth` that
/// pytorch-fid downloads.
public final class InceptionV3 implements FeatureNetwork {
    /// Width of the features.
    public static final int WIDTH = 2048;

    private static final int SIDE = 299;
    private static final int CLASSES = 1008;
    private static final double EPS = 1e-3;

    /// Part of the network: `[B, C, H, W]` to `[B, C', H', W']`.
    private interface Part {
        Tensor forward(Tensor x);

        default Part then(Part next) {
            return x -> next.forward(forward(x));
        }
    }

    /// A convolution, batch normalisation and ReLU behind it.
    ///
    /// @param same whether height and width stay (at stride 1)
    private record Conv(String name, int out, int high, int wide, int stride, boolean same) {
        /// A convolution that keeps height and width.
        static Conv square(String name, int out, int side) {
            return new Conv(name, out, side, side, 1, true);
        }

        static Conv rectangle(String name, int out, int high, int wide) {
            return new Conv(name, out, high, wide, 1, true);
        }

        /// A 3x3 convolution without padding.
        static Conv shrinking(String name, int out, int stride) {
            return new Conv(name, out, 3, 3, stride, false);
        }

        Part part(ParameterSource parent, int in) {
            ParameterSource source = parent.at(name);
            Tensor w =
                    source.at("conv").parameter("weight", Init.torchDefault(), out, in, high, wide);
            ParameterSource bn = source.at("bn");
            Tensor scale = bn.parameter("weight", Init.ones(), out);
            Tensor shift = bn.parameter("bias", Init.zeros(), out);
            Tensor mean = bn.parameter("running_mean", Init.zeros(), out);
            Tensor variance = bn.parameter("running_var", Init.ones(), out);
            return x ->
                    Ops.relu(
                            Spatial.batchNorm(
                                    Spatial.conv2d(x, w, stride, same),
                                    scale,
                                    shift,
                                    mean,
                                    variance,
                                    EPS));
        }
    }

    private static final Part AVERAGE = x -> Spatial.averageAround(x, 3);
    private static final Part MAXIMUM = x -> Spatial.maxPool(x, 3, 1, 1);
    private static final Part SHRINK = x -> Spatial.maxPool(x, 3, 2, 0);

    private final List<List<Part>> stages;
    private final Linear fc;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public InceptionV3(ParameterSource source) {
        stages = List.of(stem(source), neck(source), middle(source), end(source));
        ParameterSource last = source.at("fc");
        fc =
                new Linear(
                        last.parameter("weight", Init.torchDefault(), CLASSES, WIDTH),
                        last.parameter("bias", Init.zeros(), CLASSES));
        parameters = source.parameters();
    }

    /// Reads the weights that pytorch-fid uses.
    ///
    /// @throws org.dit4j.checkpoint.CheckpointException if the file does not fit
    public static InceptionV3 load(Path file) {
        return Checkpoints.load(file, LoadOptions.inference(), InceptionV3::new);
    }

    private static List<Part> stem(ParameterSource s) {
        return List.of(
                Conv.shrinking("Conv2d_1a_3x3", 32, 2).part(s, 3),
                Conv.shrinking("Conv2d_2a_3x3", 32, 1).part(s, 32),
                Conv.square("Conv2d_2b_3x3", 64, 3).part(s, 32),
                SHRINK);
    }

    private static List<Part> neck(ParameterSource s) {
        return List.of(
                Conv.square("Conv2d_3b_1x1", 80, 1).part(s, 64),
                Conv.shrinking("Conv2d_4a_3x3", 192, 1).part(s, 80),
                SHRINK);
    }

    private static List<Part> middle(ParameterSource s) {
        return List.of(
                mixedA(s.at("Mixed_5b"), 192, 32),
                mixedA(s.at("Mixed_5c"), 256, 64),
                mixedA(s.at("Mixed_5d"), 288, 64),
                mixedB(s.at("Mixed_6a"), 288),
                mixedC(s.at("Mixed_6b"), 128),
                mixedC(s.at("Mixed_6c"), 160),
                mixedC(s.at("Mixed_6d"), 160),
                mixedC(s.at("Mixed_6e"), 192));
    }

    private static List<Part> end(ParameterSource s) {
        return List.of(
                mixedD(s.at("Mixed_7a"), 768),
                mixedE(s.at("Mixed_7b"), 1280, AVERAGE),
                mixedE(s.at("Mixed_7c"), 2048, MAXIMUM));
    }

    private static Part mixedA(ParameterSource s, int in, int pooled) {
        return join(
                chain(s, in, Conv.square("branch1x1", 64, 1)),
                chain(s, in, Conv.square("branch5x5_1", 48, 1), Conv.square("branch5x5_2", 64, 5)),
                chain(
                        s,
                        in,
                        Conv.square("branch3x3dbl_1", 64, 1),
                        Conv.square("branch3x3dbl_2", 96, 3),
                        Conv.square("branch3x3dbl_3", 96, 3)),
                AVERAGE.then(chain(s, in, Conv.square("branch_pool", pooled, 1))));
    }

    private static Part mixedB(ParameterSource s, int in) {
        return join(
                chain(s, in, Conv.shrinking("branch3x3", 384, 2)),
                chain(
                        s,
                        in,
                        Conv.square("branch3x3dbl_1", 64, 1),
                        Conv.square("branch3x3dbl_2", 96, 3),
                        Conv.shrinking("branch3x3dbl_3", 96, 2)),
                SHRINK);
    }

    private static Part mixedC(ParameterSource s, int c) {
        int in = 768;
        return join(
                chain(s, in, Conv.square("branch1x1", 192, 1)),
                chain(
                        s,
                        in,
                        Conv.square("branch7x7_1", c, 1),
                        Conv.rectangle("branch7x7_2", c, 1, 7),
                        Conv.rectangle("branch7x7_3", 192, 7, 1)),
                chain(
                        s,
                        in,
                        Conv.square("branch7x7dbl_1", c, 1),
                        Conv.rectangle("branch7x7dbl_2", c, 7, 1),
                        Conv.rectangle("branch7x7dbl_3", c, 1, 7),
                        Conv.rectangle("branch7x7dbl_4", c, 7, 1),
                        Conv.rectangle("branch7x7dbl_5", 192, 1, 7)),
                AVERAGE.then(chain(s, in, Conv.square("branch_pool", 192, 1))));
    }

    private static Part mixedD(ParameterSource s, int in) {
        return join(
                chain(
                        s,
                        in,
                        Conv.square("branch3x3_1", 192, 1),
                        Conv.shrinking("branch3x3_2", 320, 2)),
                chain(
                        s,
                        in,
                        Conv.square("branch7x7x3_1", 192, 1),
                        Conv.rectangle("branch7x7x3_2", 192, 1, 7),
                        Conv.rectangle("branch7x7x3_3", 192, 7, 1),
                        Conv.shrinking("branch7x7x3_4", 192, 2)),
                SHRINK);
    }

    private static Part mixedE(ParameterSource s, int in, Part pool) {
        return join(
                chain(s, in, Conv.square("branch1x1", 320, 1)),
                chain(s, in, Conv.square("branch3x3_1", 384, 1))
                        .then(cross(s, "branch3x3_2a", "branch3x3_2b")),
                chain(
                                s,
                                in,
                                Conv.square("branch3x3dbl_1", 448, 1),
                                Conv.square("branch3x3dbl_2", 384, 3))
                        .then(cross(s, "branch3x3dbl_3a", "branch3x3dbl_3b")),
                pool.then(chain(s, in, Conv.square("branch_pool", 192, 1))));
    }

    private static Part cross(ParameterSource s, String row, String column) {
        return join(
                Conv.rectangle(row, 384, 1, 3).part(s, 384),
                Conv.rectangle(column, 384, 3, 1).part(s, 384));
    }

    private static Part chain(ParameterSource s, int in, Conv... convs) {
        Part all = convs[0].part(s, in);
        for (int i = 1; i < convs.length; i++) {
            all = all.then(convs[i].part(s, convs[i - 1].out()));
        }
        return all;
    }

    /// Runs branches side by side and joins their channels.
    private static Part join(Part... branches) {
        return x -> {
            var parts = new Tensor[branches.length];
            for (int i = 0; i < parts.length; i++) {
                Part branch = branches[i];
                parts[i] = TensorScope.compute(() -> branch.forward(x));
            }
            return Ops.cat(1, parts);
        };
    }

    /// Returns what the network sees, before it is moved to [-1, 1].
    ///
    /// @param x pictures `[B, 3, H, W]` in [0, 1]
    /// @return `[B, 3, 299, 299]`
    public static Tensor resized(Tensor x) {
        return Spatial.resizeBilinear(x, SIDE, SIDE);
    }

    /// Returns what pytorch-fid calls `output_blocks` 0 to 3: after the first and the second
    /// maximum, before the last reduction, and the features `[B, 2048, 1, 1]`.
    ///
    /// @param x pictures `[B, 3, H, W]` in [0, 1]
    public List<Tensor> blocks(Tensor x) {
        Shapes.require(x, "x", Shapes.ANY, 3, Shapes.ANY, Shapes.ANY);
        return Ops.noGrad(() -> {
            var blocks = new ArrayList<Tensor>();
            Tensor h = Ops.channelsLast(Ops.add(Ops.mul(resized(x), 2), -1));
            for (List<Part> stage : stages) {
                h = TensorScope.fold(h, stage, (y, part) -> part.forward(y));
                blocks.add(h);
            }
            blocks.set(3, Ops.mean(h, true, 2, 3));
            return blocks;
        });
    }

    @Override
    public Tensor features(Tensor x) {
        return TensorScope.compute(() -> {
            Tensor unit = Ops.mul(Ops.add(Ops.to(x, Dtype.FLOAT32), 1), 0.5);
            return blocks(unit).getLast().flatten(1, -1);
        });
    }

    /// Returns logits without the bias of the last layer, as the Inception Score takes them
    /// (guided-diffusion `evaluator.py`).
    @Override
    public Tensor logits(Tensor features) {
        return Ops.noGrad(() -> Ops.linear(features, fc.weight(), null));
    }

    @Override
    public String description() {
        return "Inception-v3 of the FID (pytorch-fid weights), 2048 pooled features";
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }
}
