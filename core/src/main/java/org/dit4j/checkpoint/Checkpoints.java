package org.dit4j.checkpoint;

import java.nio.file.Path;
import java.util.function.Function;
import org.dit4j.nn.ParameterSource;

/// Builds networks from checkpoints, strictly: every tensor of the network must be in the
/// checkpoint with its shape, and every tensor of the checkpoint must be in the network.
public final class Checkpoints {
    private Checkpoints() {}

    /// Builds a network from the tensors of `dict`.
    ///
    /// Where type and device fit and nothing is trained, the parameters are views of the mapped
    /// file; otherwise they are converted one after the other. The network takes `dict` over: it is
    /// closed together with the network's parameters, or at once if nothing views it or this fails.
    /// Closing it once more does no harm.
    ///
    /// ```java
    /// Dit dit = Checkpoints.load(StateDict.open(folder), options, s -> new Dit(s, config));
    /// ```
    ///
    /// @param build makes the network from the source
    /// @throws CheckpointException listing every missing, unexpected and misshapen tensor; then
    ///   nothing of the network remains in memory. Likewise if an adapter does not fit
    public static <M> M load(
            StateDict dict, LoadOptions options, Function<ParameterSource, M> build) {
        StateDict tensors = adapted(dict, options);
        var loading = new CheckpointSource.Loading(tensors, options);
        boolean done = false;
        try {
            M model = loading.build(build);
            done = true;
            return model;
        } finally {
            loading.finish(done);
        }
    }

    private static StateDict adapted(StateDict dict, LoadOptions options) {
        try {
            QuantizationTrials trials = options.trials();
            return LoraFusion.fuse(trials == null ? dict : trials.prepared(dict), options.loras());
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    /// Builds a network from a checkpoint file or folder (see [StateDict#open]).
    ///
    /// @throws CheckpointException if there is no checkpoint, or it does not fit
    public static <M> M load(
            Path fileOrFolder, LoadOptions options, Function<ParameterSource, M> build) {
        return load(StateDict.open(fileOrFolder), options, build);
    }
}
