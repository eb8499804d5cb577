package org.dit4j.model;

import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.ParameterSource;

/// An open checkpoint of a network.
///
/// @param tensors under the names of the network; closing them closes the files
/// @param config what the network is
/// @param layout how the files named the tensors
/// @param network builds the network
/// @param detour gives the same tensors by way of the names of diffusers, which adapters may use
/// @param <C> type of the configuration
/// @param <N> type of the network
public record OpenCheckpoint<C, N>(
        StateDict tensors,
        C config,
        Layout layout,
        BiFunction<ParameterSource, C, N> network,
        UnaryOperator<StateDict> detour)
        implements AutoCloseable {
    /// Returns the same tensors with another configuration.
    public OpenCheckpoint<C, N> with(C other) {
        return new OpenCheckpoint<>(tensors, other, layout, network, detour);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws org.dit4j.checkpoint.CheckpointException listing every tensor that does not fit
    public N load(LoadOptions options) {
        StateDict from = options.loras().isEmpty() ? tensors : detour.apply(tensors);
        return Checkpoints.load(from, options, source -> network.apply(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
