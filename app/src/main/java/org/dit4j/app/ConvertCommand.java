package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dit4j.model.DitLayouts.Layout;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.TensorScope;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j convert`.
@Command(
        name = "convert",
        description = {
            "Write a checkpoint in another layout, element type or file format.",
            "",
            "OUT is a .safetensors file, a .pt file of PyTorch, or a folder that receives"
                    + " config.json and the weights, in files of up to 10 GB with an index. It is"
                    + " complete or not there.",
            "Both layouts are known of DiT, MM-DiT (Stable Diffusion 3), FLUX.1, Hunyuan-DiT,"
                    + " PixArt, Sana, Lumina-Next, Lumina 2 and Wan; the element type and the file"
                    + " format of any checkpoint can change."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j convert DiT-XL-2-256x256.pt DiT-XL-2/ --layout diffusers",
            "  dit4j convert DiT-XL-2/ dit.pt --layout original",
            "  dit4j convert sd3.5_medium.safetensors sd3.5/transformer/ --layout diffusers --dtype bf16",
            "  dit4j convert results/000/checkpoints/0050000.pt dit-bf16.safetensors --dtype bf16"
        })
final class ConvertCommand implements Callable<Integer> {
    /// Element types to choose from.
    enum Precision {
        FP32(Dtype.FLOAT32),
        BF16(Dtype.BFLOAT16),
        FP16(Dtype.FLOAT16);

        private final Dtype dtype;

        Precision(Dtype dtype) {
            this.dtype = dtype;
        }
    }

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "IN", description = "A checkpoint: a file or a folder.")
    private Path in = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "The file or folder to write.")
    private Path out = Path.of("");

    @Option(
            names = "--layout",
            description =
                    "Names of the tensors and of config.json: original or diffusers (default: as in IN).")
    private Optional<Layout> layout = Optional.empty();

    @Option(
            names = "--dtype",
            description = "Element type: fp32, bf16 or fp16 (default: as in IN).")
    private Optional<Precision> dtype = Optional.empty();

    @Option(
            names = "--weights",
            paramLabel = "ENTRY",
            description = "Which weights of a training checkpoint: ema (the default) or model.")
    private Optional<String> weights = Optional.empty();

    @Option(names = "--force", description = "Replace OUT if it exists.")
    private boolean force;

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        var target = ConversionTarget.of(out, force);
        try (var _ = TensorScope.open();
                var source = Conversion.of(in, weights.orElse(null), layout, err::println);
                var result = dtype.map(d -> source.to(d.dtype)).orElse(source)) {
            Path file = target.write(result);
            spec.commandLine().getOut().println("wrote " + file);
        }
        return 0;
    }
}
