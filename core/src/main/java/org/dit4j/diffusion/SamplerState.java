package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// Where a sampling run stands: everything that [Sampler#next] needs besides the prediction and the
/// noise. Immutable; made of tensors and numbers, so it can be saved, resumed and branched.
///
/// The tensors belong to the scope in which [Sampler#next] ran. A state may share tensors with the
/// one before it.
///
/// @param x `[B, C, ...]` the current sample; the result when the run is done
/// @param call how many model calls have been made
/// @param history what a multistep method, or a method of several calls per step, remembers; its
///   meaning is the sampler's own
/// @param x0 `[B, C, ...]` the data as predicted by the last call, for previews; null where unknown
/// @param memory what a [Caching] remembers; samplers need not hand it on
public record SamplerState(
        Tensor x, int call, List<Tensor> history, @Nullable Tensor x0, Memory memory) {
    /// Copies the list and checks the count.
    public SamplerState {
        ConfigException.require(call >= 0, "call must be at least 0, not %d", call);
        history = List.copyOf(history);
    }

    /// Returns a state without a memory.
    public SamplerState(Tensor x, int call, List<Tensor> history, @Nullable Tensor x0) {
        this(x, call, history, x0, Memory.NONE);
    }

    /// Returns the state before the first call.
    public static SamplerState first(Tensor x) {
        return new SamplerState(x, 0, List.of(), null);
    }

    /// Returns the state on a device, such as one that was loaded. The few numbers that a method
    /// remembers beside samples stay on the CPU, where it reads them.
    public SamplerState on(Device device) {
        return new SamplerState(
                Ops.to(x, device),
                call,
                history.stream().map(h -> h.dim() < x.dim() ? h : Ops.to(h, device)).toList(),
                x0 == null ? null : Ops.to(x0, device));
    }

    /// Returns the state after one more call.
    public SamplerState after(Tensor newX, List<Tensor> newHistory, @Nullable Tensor newX0) {
        return new SamplerState(newX, call + 1, newHistory, newX0);
    }

    /// Returns the same state with another memory.
    public SamplerState with(Memory other) {
        return new SamplerState(x, call, history, x0, other);
    }
}
