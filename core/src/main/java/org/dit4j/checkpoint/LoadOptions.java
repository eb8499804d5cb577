package org.dit4j.checkpoint;

import java.util.List;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.jspecify.annotations.Nullable;

/// How the parameters of a checkpoint come into memory.
///
/// @param dtype element type of all floating-point tensors; whole numbers keep theirs
/// @param device where they live
/// @param train whether they record gradients; then they are copies that may be written to
/// @param checkFinite whether NaN and infinity are errors, at the price of reading everything now
/// @param loras adapters that are added to the weights
/// @param trials receives matrices that can then be tried in small whole numbers; null for none
public record LoadOptions(
        Dtype dtype,
        Device device,
        boolean train,
        boolean checkFinite,
        List<Lora> loras,
        @Nullable QuantizationTrials trials) {
    /// Copies the list.
    public LoadOptions {
        loras = List.copyOf(loras);
    }

    /// Options without the check for NaN and infinity, and without adapters.
    public LoadOptions(Dtype dtype, Device device, boolean train) {
        this(dtype, device, train, false, List.of(), null);
    }

    /// Returns the options for float32 inference on the CPU.
    public static LoadOptions inference() {
        return new LoadOptions(Dtype.FLOAT32, Device.CPU, false);
    }

    /// Returns the options for float32 training on the CPU.
    public static LoadOptions training() {
        return new LoadOptions(Dtype.FLOAT32, Device.CPU, true);
    }

    /// Returns these options with another element type.
    public LoadOptions withDtype(Dtype type) {
        return new LoadOptions(type, device, train, checkFinite, loras, trials);
    }

    /// Returns these options on another device.
    public LoadOptions withDevice(Device place) {
        return new LoadOptions(dtype, place, train, checkFinite, loras, trials);
    }

    /// Returns these options with or without the check for NaN and infinity.
    public LoadOptions withCheckFinite(boolean on) {
        return new LoadOptions(dtype, device, train, on, loras, trials);
    }

    /// Returns these options with other adapters, which are added to the weights in this order.
    ///
    /// ```java
    /// LoadOptions.inference().withLoras(List.of(new Lora(style, 0.8), new Lora(subject, 1)))
    /// ```
    public LoadOptions withLoras(List<Lora> files) {
        return new LoadOptions(dtype, device, train, checkFinite, files, trials);
    }

    /// Returns these options for trials of a quantization.
    public LoadOptions withTrials(QuantizationTrials receiver) {
        return new LoadOptions(dtype, device, train, checkFinite, loras, receiver);
    }
}
