package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Lora;
import org.dit4j.diffusion.Guidance;
import org.dit4j.tensor.Ops;
import tools.jackson.databind.JsonNode;

/// A call of a model, as `calls` of its case describes it.
///
/// @param json the call: `method`, `args`, `load`
record ModelCall(JsonNode json) {
    /// Returns the description of the call with that prefix.
    static ModelCall of(ReferenceCase c, String id) {
        for (JsonNode call : c.json().path("calls")) {
            String own = call.path("id").asString("");
            if (own.equals(id) || (own.equals("-") && id.isEmpty())) {
                return new ModelCall(call);
            }
        }
        throw new Dit4jException("case " + c.name() + " does not describe its call " + id);
    }

    /// Returns whether a case is of that class of the reference.
    static boolean isOf(ReferenceCase c, String name) {
        return c.json().path("reference").path("class").asString("").equals(name);
    }

    /// Returns the tensors of an argument that is a list, empty if it is missing.
    static List<Tensor> list(ReferenceCase c, String id, String argument) {
        var all = new ArrayList<Tensor>();
        while (c.hasIn(id, argument + "." + all.size())) {
            all.add(c.in(id, argument + "." + all.size()));
        }
        return all;
    }

    /// Returns what was loaded for it.
    JsonNode load() {
        return json.path("load");
    }

    /// Returns how the network of the call is loaded: with the adapter that the call names, a file
    /// in the folder of the case.
    LoadOptions options(ReferenceCase c) {
        String file = load().path("lora").asString("");
        if (file.isEmpty()) {
            return c.loading();
        }
        var lora = new Lora(c.folder().resolve(file), load().path("lora_scale").asDouble(1));
        return c.loading().withLoras(List.of(lora));
    }

    /// Returns whether it is the guided method.
    boolean isGuided() {
        return json.path("method").asString("forward").equals("forward_with_cfg");
    }

    /// Returns a number among the arguments; empty if it is missing or null.
    OptionalDouble number(String argument) {
        JsonNode value = json.path("args").path(argument);
        return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
    }

    /// Returns a truth value among the arguments, false if it is missing.
    boolean flag(String argument) {
        return json.path("args").path(argument).asBoolean(false);
    }

    /// `forward_with_cfg`: both halves of the batch receive the first three channels guided and
    /// keep the others of their own half.
    ///
    /// @param x twice the same
    /// @param forward predicts for the whole batch
    Tensor guided(Tensor x, UnaryOperator<Tensor> forward) {
        double scale = number("cfg_scale").orElseThrow();
        long b = x.size(0) / 2;
        Tensor half = x.narrow(0, 0, b);
        Tensor answer = forward.apply(Ops.cat(0, half, half));
        Tensor cond = Guidance.of(scale, Guidance.Scope.FIRST_THREE).combine(half, answer);
        Tensor rest = answer.narrow(0, b, b).narrow(1, 3, answer.size(1) - 3);
        return Ops.cat(0, cond, Ops.cat(1, cond.narrow(1, 0, 3), rest));
    }
}
