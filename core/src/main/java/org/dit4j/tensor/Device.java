package org.dit4j.tensor;

import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.dit4j.ConfigException;

/// Where tensors live and are computed.
///
/// @param kind CPU, CUDA, or META (shapes only, no memory)
/// @param index number of the CUDA device, 0 for the others
public record Device(Kind kind, int index) {
    /// The kinds of devices.
    public enum Kind {
        /// Host memory.
        CPU,
        /// An NVIDIA GPU.
        CUDA,
        /// No memory at all: for counting parameters and checking shapes.
        META
    }

    /// Host memory.
    public static final Device CPU = new Device(Kind.CPU, 0);

    /// No memory: tensors have shapes only.
    public static final Device META = new Device(Kind.META, 0);

    /// Returns CUDA device 0 if there is one, the CPU otherwise.
    public static Device best() {
        return torch.cuda_is_available() ? new Device(Kind.CUDA, 0) : CPU;
    }

    /// Returns where `x` lives.
    public static Device of(Tensor x) {
        if (x.is_cpu()) {
            return CPU;
        }
        return x.is_meta() ? META : new Device(Kind.CUDA, x.device().index());
    }

    /// Reads `cpu`, `cuda` or `cuda:1`.
    ///
    /// @throws ConfigException if `text` is none of these or this machine has no such device
    public static Device parse(String text) {
        String[] parts = text.toLowerCase(Locale.ROOT).split(":", 2);
        if (parts[0].equals("cpu") && parts.length == 1) {
            return CPU;
        }
        if (!parts[0].equals("cuda") || (parts.length == 2 && !parts[1].matches("\\d{1,3}"))) {
            throw new ConfigException("device must be cpu, cuda or cuda:N but is " + text);
        }
        int index = parts.length == 2 ? Integer.parseInt(parts[1]) : 0;
        ConfigException.require(
                torch.cuda_is_available() && index < torch.cuda_device_count(),
                "device %s is not available: this libtorch sees %d CUDA devices",
                text,
                torch.cuda_is_available() ? torch.cuda_device_count() : 0);
        return new Device(Kind.CUDA, index);
    }

    /// Waits until the device has done all that it was given: a GPU computes while the program goes
    /// on.
    public void synchronize() {
        if (kind == Kind.CUDA) {
            torch.cuda_synchronize(index);
        }
    }

    /// Returns `cpu`, `cuda:0` or `meta`.
    @Override
    public String toString() {
        return kind == Kind.CUDA ? "cuda:" + index : kind.name().toLowerCase(Locale.ROOT);
    }

    org.bytedeco.pytorch.Device torch() {
        return new org.bytedeco.pytorch.Device(toString());
    }
}
