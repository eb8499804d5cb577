package org.dit4j.diffusion;

/// Follows a sampling run and may stop it.
@FunctionalInterface
public interface Progress {
    /// Follows nothing and stops nothing.
    Progress NONE = (state, calls) -> true;

    /// Is told of each model call.
    ///
    /// @param state the state after the call; its tensors live until the next call only
    /// @param calls how many calls the whole run makes
    /// @return whether to go on
    boolean proceed(SamplerState state, int calls);

    /// Is told, before the first call, what a user should know of a request that the model can only
    /// do in part, such as a prompt that is too long.
    ///
    /// @param line one line
    default void remark(String line) {}
}
