package org.dit4j.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import org.dit4j.app.hub.HubSettings;
import org.dit4j.app.hub.ModelId;
import org.dit4j.app.hub.PathGlob;
import org.dit4j.app.hub.Pull;
import org.dit4j.app.hub.PullListener;
import org.dit4j.checkpoint.JsonFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `dit4j pull`.
@Command(
        name = "pull",
        description = {
            "Fetch a model from a Hugging Face hub.",
            "",
            "It goes into the cache that Python's tools use as well; what is there is not fetched"
                    + " again, and what broke off goes on. --model OWNER/NAME then finds it.",
            "",
            "The environment says the rest, as for Python: HF_ENDPOINT, HF_TOKEN, HF_HOME,"
                    + " HF_HUB_CACHE, HF_HUB_OFFLINE."
        },
        footer = {
            "",
            "Examples:",
            "  dit4j pull facebook/DiT-XL-2-256",
            "  dit4j pull stabilityai/stable-diffusion-3.5-medium --include \"*.json\" --include \"transformer/*\"",
            "  HF_ENDPOINT=https://hub.example dit4j pull OWNER/NAME --revision v1.2"
        })
final class PullCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "OWNER/NAME", description = "The model.")
    private String model = "";

    @Option(
            names = "--revision",
            paramLabel = "R",
            description = "A branch, a tag or a commit; ${DEFAULT-VALUE} if not given.")
    private String revision = ModelFolders.REVISION;

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            description =
                    "Only files whose path fits, such as \"*.json\" or \"vae/*\"; may be given"
                            + " several times.")
    private List<String> include = new ArrayList<>();

    @Option(names = "--json", description = "Print what was fetched as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        ModelId id = ModelId.parse(model);
        var settings = HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home")));
        List<PathGlob> globs = include.stream().map(PathGlob::new).toList();
        try (var bar = new Bar(spec.commandLine().getErr(), Bar.Unit.MEGABYTES)) {
            Pull.Pulled pulled = new Pull(settings, listener(bar)).run(id, revision, globs);
            bar.close();
            report(pulled);
        }
        return 0;
    }

    private static PullListener listener(Bar bar) {
        return new PullListener() {
            @Override
            public void progress(String file, long done, long total) {
                bar.show("pull", done, total, file);
            }

            @Override
            public void note(String line) {
                bar.note(line);
            }
        };
    }

    private void report(Pull.Pulled pulled) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("model", model);
            map.put("folder", pulled.folder().toString());
            map.put("commit", pulled.commit());
            map.put("files", pulled.files());
            map.put("fetched", pulled.fetched());
            map.put("bytes", pulled.bytes());
            out.println(JsonFile.mapper().writeValueAsString(map));
        } else {
            out.printf(
                    "%s: %d files, %d of them fetched (%.1f MB): %s%n",
                    model, pulled.files(), pulled.fetched(), pulled.bytes() / 1e6, pulled.folder());
        }
    }
}
