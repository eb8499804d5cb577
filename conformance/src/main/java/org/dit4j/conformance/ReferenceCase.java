package org.dit4j.conformance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// One case: what a reference implementation was given and what it computed.
///
/// Either `<case>.json` beside `<case>.safetensors`, or `io.json` and `io.safetensors` in the
/// folder of a model. Tensors are named `in.*` (given) and `out.*` (computed), behind the prefix of
/// their call if there are several: `c0.in.x`.
public final class ReferenceCase implements AutoCloseable {
    private static final Pattern NETWORKS = Pattern.compile("models/|vae/|text/encoder|pipelines/");
    private static final Pattern DECIDING = Pattern.compile(".*(mask|ids).*");
    private static final Pattern OUTPUT = Pattern.compile("(.*\\.)?out\\..*");

    private final CasePath path;
    private final JsonNode json;
    private final @Nullable StateDict tensors;
    private final Device device;
    private @Nullable Path drawn;

    private ReferenceCase(
            CasePath path, JsonNode json, @Nullable StateDict tensors, Device device) {
        this.path = path;
        this.json = json;
        this.tensors = tensors;
        this.device = device;
    }

    /// Opens the case of that json file; its tensors are mapped, not read.
    static ReferenceCase open(Path file) {
        return open(file, Device.CPU);
    }

    /// Opens the case to be computed on a device, if it is one of networks: what has none is
    /// computed on the CPU.
    static ReferenceCase open(Path file, Device wanted) {
        JsonNode json = JsonFile.tree(file);
        var path = CasePath.of(file, json);
        boolean there = Files.isRegularFile(path.tensors());
        if (!there && json.path("tensors").size() > 0) {
            throw new Dit4jException(path.tensors() + " is missing beside " + file.getFileName());
        }
        boolean networks = NETWORKS.matcher(path.name()).lookingAt();
        return new ReferenceCase(
                path,
                json,
                there ? StateDict.open(path.tensors()) : null,
                networks ? wanted : Device.CPU);
    }

    static boolean isOutput(String tensor) {
        return OUTPUT.matcher(tensor).matches();
    }

    /// Returns where its networks compute.
    Device device() {
        return device;
    }

    /// Returns how its networks come into memory.
    LoadOptions loading() {
        return LoadOptions.inference().withDevice(device);
    }

    /// Returns the name, such as `diffusion/q_p` or `models/dit/p4-nosigma`: always the folder of
    /// the kind first, wherever the files lie.
    public String name() {
        return path.name();
    }

    /// Returns the folder that the case's files lie in.
    public Path folder() {
        return path.folder();
    }

    /// Returns the folder of the model (or the scheduler's configuration) that the case was
    /// computed with: what `values.folder` names, else the folder of the case's name, and for a
    /// case of `models` its own folder. If its weights are to be drawn from a seed
    /// ([SeededWeights]), it is a copy with weights that lives until [#close].
    ///
    /// @throws Dit4jException if there is no such folder
    public Path modelFolder() {
        if (drawn != null) {
            return drawn;
        }
        Optional<Path> found = path.modelFolder(json.path("values").path("folder").asString(""));
        Path folder =
                found.orElseThrow(
                        () -> new Dit4jException("the model folder of " + name() + " is missing"));
        if (!SeededWeights.isIn(folder)) {
            return folder;
        }
        drawn = SeededWeights.expand(folder);
        return drawn;
    }

    /// Returns a folder that the json names from the root of all cases or from the case's folder.
    ///
    /// @throws Dit4jException if there is no such folder
    Path beside(String named) {
        return path.modelFolder(named)
                .orElseThrow(() ->
                        new Dit4jException(
                                "the folder %s of %s is missing".formatted(named, name())));
    }

    /// Returns the whole json.
    public JsonNode json() {
        return json;
    }

    /// Returns `values.<key>` of the json; a missing node if there is none.
    public JsonNode value(String key) {
        return json.path("values").path(key);
    }

    /// Returns the names of all tensors.
    public Set<String> names() {
        return tensors == null ? Set.of() : tensors.names();
    }

    /// Returns whether there is a tensor of that name.
    public boolean has(String tensor) {
        return tensors != null && tensors.has(tensor);
    }

    /// Returns a tensor in the type that the reference was given or has returned (`ref_dtypes` of a
    /// model's case says int64 for labels that are stored as float32). Borrowed.
    ///
    /// What networks compute with is on the device of the case. Results, whole numbers, masks and
    /// times are on the CPU, from where networks take them.
    ///
    /// @throws Dit4jException if there is no tensor of that name
    public Tensor tensor(String name) {
        if (tensors == null || !tensors.has(name)) {
            throw new Dit4jException("case " + this.name() + " has no tensor " + name);
        }
        Tensor t = tensors.tensor(name);
        String dtype = json.path("ref_dtypes").path(name).asString("");
        for (Dtype d : Dtype.values()) {
            if (d.torchName().equals(dtype)) {
                return placed(name, Ops.to(t, d));
            }
        }
        return placed(name, t);
    }

    private Tensor placed(String tensor, Tensor t) {
        boolean computed = Dtype.of(t).isFloat() && t.dim() > 1;
        return !computed || isOutput(tensor) || DECIDING.matcher(tensor).matches()
                ? t
                : Ops.to(t, device);
    }

    /// Returns the prefixes of the calls that have results, in the order of the json, then in that
    /// of the names: `c0`, `c1`, ... or `n4`, `n10`, ...; the empty text stands for a call without
    /// a prefix.
    public SequencedSet<String> calls() {
        var found = new LinkedHashSet<String>();
        for (String name : names()) {
            if (isOutput(name)) {
                found.add(name.startsWith("out.") ? "" : name.substring(0, name.indexOf(".out.")));
            }
        }
        var ordered = new LinkedHashSet<String>();
        JsonNode calls = json.path("calls");
        if (calls.isArray()) {
            calls.forEach(call -> ordered.add(call.path("id").asString("")));
        } else {
            ordered.addAll(calls.propertyNames());
        }
        ordered.retainAll(found);
        ordered.addAll(found);
        return ordered;
    }

    /// Returns the text of a call in the json, empty if there is none.
    public String call(String prefix) {
        return json.path("calls").path(prefix).asString("");
    }

    /// Returns the full name of a call's tensor: `c0` and `in.x` give `c0.in.x`, or the shared
    /// `in.x` if the call has none of its own.
    public String named(String call, String tensor) {
        String own = call.isEmpty() ? tensor : call + "." + tensor;
        return has(own) || !has(tensor) ? own : tensor;
    }

    /// Returns a call's argument: its own, or the one that all calls share. Borrowed.
    ///
    /// @param name without `in.`
    public Tensor in(String call, String name) {
        return tensor(named(call, "in." + name));
    }

    /// Returns whether a call has that argument, of its own or shared.
    public boolean hasIn(String call, String name) {
        return has(named(call, "in." + name));
    }

    @Override
    public void close() {
        if (tensors != null) {
            tensors.close();
        }
        if (drawn != null) {
            SeededWeights.delete(drawn);
            drawn = null;
        }
    }
}
