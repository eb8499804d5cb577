package org.dit4j.diffusion;

import java.util.function.UnaryOperator;

/// A sampling method with all its options but the number of steps.
@FunctionalInterface
public interface SamplerFactory {
    /// Returns the sampler that takes `steps` steps.
    ///
    /// @throws org.dit4j.ConfigException if the method cannot take that many
    Sampler steps(int steps);

    /// Returns the same method on other noise levels; itself if it has no [LevelSpacing].
    default SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return this;
    }

    /// Returns the method with the levels of a flow from another grid; itself if it has none.
    default SamplerFactory onGrid(FlowLevels.Grid grid) {
        return on(spacing -> spacing instanceof FlowLevels flow ? flow.on(grid) : spacing);
    }

    /// Returns the method for samples of a size for which the levels of a flow are shifted by `mu`;
    /// itself if its levels do not depend on the size.
    ///
    /// @param mu see [FlowShift#mu]
    default SamplerFactory withMu(double mu) {
        return on(spacing -> spacing instanceof FlowLevels flow ? flow.withMu(mu) : spacing);
    }
}
