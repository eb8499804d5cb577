package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.OpenCheckpoint;

/// The ControlNets of a pipeline. Each sees a control picture of its own; their residuals add up
/// (diffusers, `controlnet_sd3.py`, `SD3MultiControlNetModel`; `controlnet_hunyuan.py`).
///
/// @param nets none or more
/// @param <C> type of a configuration
/// @param <N> type of a network
record ControlNets<C, N extends AutoCloseable>(List<Net<C, N>> nets) implements AutoCloseable {
    /// One of them.
    ///
    /// @param config what it is
    /// @param network opened when first needed
    record Net<C, N extends AutoCloseable>(C config, Lazy<N> network) {}

    /// What gives the residuals of one ControlNet, scaled.
    @FunctionalInterface
    interface Pass<N> {
        List<Tensor> residuals(int i, N network, PromptedNetwork.Control control);
    }

    /// Opens the checkpoints of ControlNets.
    static <C, N extends AutoCloseable> ControlNets<C, N> open(
            List<Path> paths, Function<Path, OpenCheckpoint<C, N>> opener, LoadOptions options) {
        LoadOptions plain = options.withLoras(List.of());
        var nets = new ArrayList<Net<C, N>>();
        for (Path path : paths) {
            OpenCheckpoint<C, N> checkpoint = opener.apply(path);
            nets.add(new Net<>(checkpoint.config(), new Lazy<>(() -> checkpoint.load(plain))));
        }
        return new ControlNets<>(List.copyOf(nets));
    }

    /// Returns what each takes for its control picture.
    List<ControlLatents> latents(Function<C, ControlLatents> kind) {
        return nets.stream().map(net -> kind.apply(net.config)).toList();
    }

    /// Adds up the residuals of all, in the caller's scope.
    ///
    /// @param controls one for each
    /// @param pass is given the number of a ControlNet, too
    /// @throws ConfigException if there are more or fewer, or if two ControlNets give residuals for
    ///   different numbers of blocks
    List<Tensor> sum(List<PromptedNetwork.Control> controls, Pass<N> pass) {
        ConfigException.require(
                controls.size() == nets.size(),
                "%d control pictures need as many ControlNets, not %d",
                controls.size(),
                nets.size());
        List<Tensor> sum = List.of();
        for (int i = 0; i < nets.size(); i++) {
            Net<C, N> net = nets.get(i);
            List<Tensor> own = pass.residuals(i, net.network.get(), controls.get(i));
            sum = i == 0 ? own : added(sum, own);
        }
        return sum;
    }

    private static List<Tensor> added(List<Tensor> some, List<Tensor> others) {
        ConfigException.require(
                some.size() == others.size(),
                "ControlNets of %d and of %d blocks do not go together",
                some.size(),
                others.size());
        var sums = new ArrayList<Tensor>();
        for (int i = 0; i < some.size(); i++) {
            sums.add(some.get(i).add(others.get(i)));
        }
        return sums;
    }

    @Override
    public void close() {
        nets.forEach(net -> net.network.close());
    }
}
