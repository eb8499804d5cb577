package org.dit4j.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.QuantizedMatrix;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.tensor.TrialWeight;
import org.dit4j.tensor.Weight;
import org.jspecify.annotations.Nullable;

/// Reads parameters from a checkpoint; where one is missing or has another shape, it gives a tensor
/// without memory and goes on, so that all errors are found in one run.
final class CheckpointSource implements ParameterSource {
    private final Loading loading;
    private final String prefix;

    private CheckpointSource(Loading loading, String prefix) {
        this.loading = loading;
        this.prefix = prefix;
    }

    @Override
    public ParameterSource at(String name) {
        return new CheckpointSource(loading, prefix + name + ".");
    }

    @Override
    public Tensor parameter(String name, Init init, long... shape) {
        Tensor t = loading.find(prefix + name, shape);
        if (t == null) {
            loading.fit.missing(prefix + name, shape);
            t = TensorScope.keep(Tensors.meta(loading.options.dtype(), shape));
        }
        if (loading.options.train() && Dtype.of(t).isFloat()) {
            t.set_requires_grad(true);
        }
        return loading.parameters.add(prefix + name, t, true);
    }

    @Override
    public Weight weight(String name, Init init, long out, long in) {
        Optional<Weight> quantized = loading.quantized(prefix + name, out, in);
        return quantized.orElseGet(
                () -> loading.tried(prefix + name, parameter(name, init, out, in)));
    }

    @Override
    public Tensor buffer(String name, Supplier<Tensor> value, long... shape) {
        Tensor found = loading.find(prefix + name, shape);
        try (var _ = TensorScope.open()) {
            Tensor t = found == null ? loading.copy(value.get()) : found;
            return loading.parameters.add(prefix + name, t, false);
        }
    }

    @Override
    public Parameters parameters() {
        return loading.parameters;
    }

    /// One run through a checkpoint.
    static final class Loading {
        private static final long PIECE = 1 << 18;

        private final StateDict dict;
        private final LoadOptions options;
        private final Parameters parameters = new Parameters();
        private final Fit fit;
        private final Set<String> used = new HashSet<>();
        private boolean mapped;

        Loading(StateDict dict, LoadOptions options) {
            this.dict = dict;
            this.options = options;
            this.fit = new Fit(dict.file());
        }

        /// Builds the network and throws unless everything fits.
        <M> M build(Function<ParameterSource, M> build) {
            M model;
            try {
                model = build.apply(new CheckpointSource(this, ""));
            } catch (RuntimeException e) {
                // what the network cannot be built from is most likely what does not fit
                fit.require();
                throw e;
            }
            dict.names().stream().filter(n -> !used.contains(n)).forEach(fit::unexpected);
            fit.require();
            return model;
        }

        /// Settles who owns the checkpoint.
        void finish(boolean done) {
            AutoCloseable file = dict.handOver();
            parameters.own(file);
            if (!done) {
                parameters.close();
            } else if (!mapped) {
                dict.release();
            }
        }

        /// Returns the matrix `name` in the small numbers that it is stored in, if this machine
        /// computes with them.
        private Optional<Weight> quantized(String name, long out, long in) {
            if (!dict.has(name)
                    || !(dict.item(name) instanceof QuantizedItem item)
                    || !Arrays.equals(item.entry().shape(), new long[] {out, in})
                    || !options.device().equals(Device.CPU)
                    || options.train()
                    || options.trials() != null
                    || !item.kind().computes(options.dtype())) {
                return Optional.empty();
            }
            used.add(name);
            try (var _ = TensorScope.open()) {
                QuantizedMatrix matrix = item.matrix();
                var weight = matrix.prepare(options.dtype());
                parameters.own(weight);
                matrix.parts()
                        .forEach((part, x) ->
                                parameters.add(name + part, TensorScope.keep(x), part.isEmpty()));
                if (options.checkFinite() && !finite(weight.dense())) {
                    fit.notFinite(name);
                }
                mapped |= item.partsMapped();
                item.unload(); // what computes is a copy
                return Optional.of(weight);
            }
        }

        /// Returns the weight of a matrix, which a trial may round where it is asked for.
        private Weight tried(String name, Tensor matrix) {
            QuantizationTrials trials = options.trials();
            if (trials == null
                    || !dict.has(name)
                    || !(dict.item(name) instanceof QuantizedItem item)
                    || item.names().isEmpty()) {
                return Weight.of(matrix);
            }
            TrialWeight weight = trials.add(item, matrix);
            parameters.own(weight);
            return weight;
        }

        private @Nullable Tensor find(String name, long[] shape) {
            if (!dict.has(name)) {
                return null;
            }
            used.add(name);
            StateDict.Item item = dict.item(name);
            if (!Arrays.equals(item.entry().shape(), shape)) {
                fit.misshapen(name, shape, item.entry().shape());
                return TensorScope.keep(Tensors.meta(options.dtype(), shape));
            }
            Tensor t = read(name, item);
            if (options.checkFinite() && !finite(t)) {
                fit.notFinite(name);
            }
            return t;
        }

        /// Returns the tensor `name` as the options ask for it, outside all scopes.
        private Tensor read(String name, StateDict.Item item) {
            Tensor stored = dict.take(name);
            Dtype dtype = item.entry().dtype();
            boolean same =
                    options.device().equals(Device.CPU)
                            && (dtype == options.dtype() || !dtype.isFloat());
            if (same && !(item.mapped() && options.train())) {
                mapped |= item.mapped();
                return stored;
            }
            try (stored) {
                return copy(stored);
            } finally {
                item.unload();
            }
        }

        /// Returns a copy in the wanted type and place, outside all scopes.
        private Tensor copy(Tensor x) {
            try (var _ = TensorScope.open()) {
                Tensor y = Dtype.of(x).isFloat() ? Ops.to(x, options.dtype()) : x;
                y = Ops.to(y, options.device());
                return TensorScope.keep(y.is_alias_of(x) ? x.detach().clone() : y);
            }
        }

        private static boolean finite(Tensor t) {
            if (!Dtype.of(t).isFloat()) {
                return true;
            }
            try (var _ = TensorScope.open()) {
                // in pieces: intermediate results as large as the tensors would fragment the memory
                Tensor flat = t.detach().flatten();
                boolean finite = true;
                for (long at = 0; finite && at < flat.size(0); at += PIECE) {
                    finite = Ops.isFinite(flat.narrow(0, at, Math.min(PIECE, flat.size(0) - at)));
                }
                return finite;
            }
        }
    }

    /// How well a checkpoint fits a network.
    private static final class Fit {
        private static final int LISTED = 24;
        private final Path file;
        private final List<String> missing = new ArrayList<>();
        private final List<String> unexpected = new ArrayList<>();
        private final List<String> misshapen = new ArrayList<>();
        private final List<String> notFinite = new ArrayList<>();

        Fit(Path file) {
            this.file = file;
        }

        void missing(String name, long[] shape) {
            missing.add(name + " " + Arrays.toString(shape));
        }

        void unexpected(String name) {
            unexpected.add(SafetensorsHeader.shown(name));
        }

        void misshapen(String name, long[] wanted, long[] actual) {
            misshapen.add(
                    "%s wants %s but has %s"
                            .formatted(name, Arrays.toString(wanted), Arrays.toString(actual)));
        }

        void notFinite(String name) {
            notFinite.add(name);
        }

        void require() {
            var parts = new ArrayList<String>();
            describe(parts, "missing", missing);
            describe(parts, "unexpected", unexpected);
            describe(parts, "misshapen", misshapen);
            if (!notFinite.isEmpty()) {
                parts.add("NaN or infinity in " + notFinite.getFirst());
            }
            if (!parts.isEmpty()) {
                throw new CheckpointException(
                        file + " does not fit the network: " + String.join("; ", parts));
            }
        }

        private static void describe(List<String> parts, String kind, List<String> names) {
            if (!names.isEmpty()) {
                parts.add("%d %s: %s".formatted(names.size(), kind, NameList.text(names, LISTED)));
            }
        }
    }
}
