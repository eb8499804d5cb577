package org.dit4j.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.tensor.Device;

/// The named tensors of one network, in the order in which it asked for them. Owns their memory:
/// closing it frees them and whatever file they are mapped from.
public final class Parameters implements AutoCloseable {
    private final Map<String, Tensor> all = new LinkedHashMap<>();
    private final Map<String, Tensor> trained = new LinkedHashMap<>();
    private final List<AutoCloseable> owned = new ArrayList<>();

    /// Takes ownership of a tensor that belongs to no scope, and returns it.
    ///
    /// @param train whether it is trained (else it is a fixed table)
    public Tensor add(String name, Tensor t, boolean train) {
        if (all.putIfAbsent(name, t) != null) {
            throw new Dit4jException("two parameters are named " + name);
        }
        if (train) {
            trained.put(name, t);
        }
        return t;
    }

    /// Closes `resource` together with these parameters; for the file that they are mapped from.
    public void own(AutoCloseable resource) {
        owned.add(resource);
    }

    /// Returns all tensors by name: trained ones and fixed tables.
    public Map<String, Tensor> all() {
        return Collections.unmodifiableMap(all);
    }

    /// Returns the trained tensors by name.
    public Map<String, Tensor> trained() {
        return Collections.unmodifiableMap(trained);
    }

    /// Returns where the tensors live.
    public Device device() {
        return Device.of(all.values().iterator().next());
    }

    /// Returns the number of trained elements, as `sum(p.numel())` counts them.
    public long count() {
        return trained.values().stream().mapToLong(Tensor::numel).sum();
    }

    /// Switches the recording of gradients for all trained tensors.
    public void requireGrad(boolean on) {
        trained.values().forEach(t -> t.set_requires_grad(on));
    }

    @Override
    public void close() {
        all.values().forEach(Tensor::close);
        for (AutoCloseable resource : owned) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new Dit4jException("could not close " + resource, e);
            }
        }
        owned.clear();
    }
}
