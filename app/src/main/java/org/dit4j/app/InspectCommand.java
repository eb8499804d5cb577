package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j inspect`.
@Command(
        name = "inspect",
        description = {
            "Show what is in a checkpoint: family, configuration, parameters, types, layers.",
            "",
            "Reads a .safetensors or .gguf file, the index of a sharded one, a .pt file of PyTorch, the"
                    + " folder of a network, or the folder of a diffusers pipeline. Nothing in a"
                    + " .pt file is executed, and the tensors themselves are not read.",
            "Of a picture that was generated (.png) it shows what was asked for."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j inspect DiT-XL-2-256x256.pt",
            "  dit4j inspect results/000/checkpoints/0050000.pt --weights model",
            "  dit4j inspect DiT-XL-2-256/ --json",
            "  dit4j inspect cats.png"
        })
final class InspectCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "PATH", description = "A file or a folder.")
    private Path path = Path.of("");

    @Option(
            names = "--weights",
            paramLabel = "ENTRY",
            description = "Which weights of a training checkpoint: ema (the default) or model.")
    private Optional<String> weights = Optional.empty();

    @Option(names = "--json", description = "Print one JSON document instead of a table.")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (PictureFile.named(path)) {
            picture(out);
            return 0;
        }
        Map<String, Path> components = Inspection.components(path);
        if (components.isEmpty()) {
            Inspection one = Inspection.of(path, weights);
            if (json) {
                print(out, InspectReport.tree(one));
            } else {
                InspectReport.lines(one).forEach(out::println);
            }
            return 0;
        }
        pipeline(out, components);
        return 0;
    }

    private void picture(PrintWriter out) {
        Picture picture = PictureFile.read(path);
        Map<String, String> text = PictureFile.text(path);
        if (json) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("path", path.toString());
            tree.put("width", picture.width());
            tree.put("height", picture.height());
            tree.put("text", text);
            print(out, tree);
        } else {
            InspectReport.lines(path, picture, text).forEach(out::println);
        }
    }

    private void pipeline(PrintWriter out, Map<String, Path> components) {
        Map<String, Object> trees = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        components.forEach((name, folder) -> {
            Optional<Inspection> part = part(folder);
            trees.put(name, part.map(InspectReport::tree).orElse(Map.of("weights", false)));
            lines.add("[" + name + "]");
            part.ifPresentOrElse(
                    i -> lines.addAll(InspectReport.lines(i)),
                    () -> lines.add("no weights: " + folder));
            lines.add("");
        });
        if (json) {
            print(out, Map.of("path", path.toString(), "components", trees));
        } else {
            lines.forEach(out::println);
        }
    }

    /// Schedulers and tokenizers have no weights.
    private static Optional<Inspection> part(Path folder) {
        return hasWeights(folder)
                ? Optional.of(Inspection.of(folder, Optional.empty()))
                : Optional.empty();
    }

    private static boolean hasWeights(Path folder) {
        try (var files = java.nio.file.Files.list(folder)) {
            return files.anyMatch(f ->
                    f.toString()
                            .matches(".*\\.(safetensors|safetensors\\.index\\.json|gguf|bin|pt)"));
        } catch (java.io.IOException e) {
            throw CheckpointException.io("read", folder, e);
        }
    }

    private static void print(PrintWriter out, Object tree) {
        out.println(JsonFile.mapper().writeValueAsString(tree));
    }
}
