package org.dit4j.app;

import org.dit4j.tensor.Device;
import picocli.CommandLine.Option;

/// Where a command computes.
final class DeviceOption {
    @Option(
            names = "--device",
            paramLabel = "D",
            description =
                    "cpu, cuda or cuda:N; if not given cuda where libtorch sees a GPU, else cpu.")
    private String device = "";

    /// Returns the device.
    ///
    /// @throws org.dit4j.ConfigException if there is no such device
    Device device() {
        return device.isEmpty() ? Device.best() : Device.parse(device);
    }
}
