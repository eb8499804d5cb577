package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.tensor.QuantizedKind;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j quantize`.
@Command(
        name = "quantize",
        description = {
            "Write a copy of a model whose large matrices are in small whole numbers.",
            "",
            "int8 is faster on processors with VNNI and half as large as bf16; int4 is smaller"
                    + " still, but slower and less exact. Only the matrices of the blocks that are"
                    + " applied to every token change; embeddings, modulations and the last layer"
                    + " stay as they are.",
            "",
            "With --budget pictures are drawn with each of these matrices quantized alone, and as"
                    + " few of the most sensitive as possible stay as they are too, so that the"
                    + " mean PSNR of whole pictures, less its deviation, keeps to the budget. The"
                    + " rounding is that of the kernels on any processor.",
            "",
            "MODEL is a .safetensors file, the folder of a network, or the folder of a pipeline,"
                    + " whose transformer is quantized. OUT is a folder, or a file for a file; it"
                    + " is complete or not there, and opens like MODEL."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j quantize models/emoji-zh-en emoji-int8 --precision int8",
            "  dit4j generate \"a red apple\" --model emoji-int8 --precision bf16 -o apple.png",
            "  dit4j quantize models/emoji-zh-en emoji-int4 --precision int4 --budget 35dB",
            "  dit4j quantize PixArt-Sigma/ small/ --precision int4 --keep 'blocks\\.0\\.'",
            "  dit4j quantize sd3_medium.safetensors sd3-int8.safetensors --precision int8"
        })
final class QuantizeCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A checkpoint or a pipeline.")
    private Path model = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "The folder or file to write.")
    private Path out = Path.of("");

    @Option(
            names = "--precision",
            required = true,
            paramLabel = "P",
            description = "${COMPLETION-CANDIDATES}.")
    private QuantizedKind precision = QuantizedKind.INT8;

    @Option(
            names = "--keep",
            paramLabel = "REGEX",
            description =
                    "Matrices that stay as they are: where this matches some part of the name. May"
                            + " be given several times.")
    private List<Pattern> keep = List.of();

    @Mixin private BudgetOptions budget = new BudgetOptions();

    @Override
    public Integer call() {
        PrintWriter text = spec.commandLine().getOut();
        QuantizedModel quantized = budget.given() ? measured(text) : usual();
        QuantizedModel.Sizes sizes = quantized.write(out);
        text.printf(
                Locale.ROOT,
                "wrote %s: %d matrices in %s, %.1f MiB instead of %.1f%n",
                out,
                sizes.matrices(),
                precision.name().toLowerCase(Locale.ROOT),
                sizes.after() / 1048576.0,
                sizes.before() / 1048576.0);
        return 0;
    }

    private QuantizedModel usual() {
        return new QuantizedModel(
                model,
                precision,
                name ->
                        Quantization.usual(name)
                                && keep.stream().noneMatch(p -> p.matcher(name).find()),
                null);
    }

    private QuantizedModel measured(PrintWriter text) {
        QuantizedModel usual = usual();
        budget.require(model);
        usual.require(out);
        QuantizationReport report =
                budget.measured(model, precision, usual.chosen(), spec.commandLine().getErr());
        report.lines().forEach(text::println);
        var names = Set.copyOf(report.calibration().quantized());
        return new QuantizedModel(model, precision, names::contains, report);
    }
}
