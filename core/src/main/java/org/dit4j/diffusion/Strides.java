package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// The timesteps of training that a run visits, and where each of its steps leads: back by a whole
/// number of timesteps, whatever their spacing (diffusers, `scheduling_ddim.py`).
///
/// @param alphaBar the share of the data in the variance, at each timestep of training
/// @param times which are visited
/// @param endsAtData whether the last step leads to the data itself; else to the first step of
///   training (`set_alpha_to_one`)
record Strides(Table alphaBar, Table times, boolean endsAtData) {
    int calls() {
        return times.size();
    }

    /// Returns the share of the data before a call.
    double before(int call) {
        return alphaBar.at((int) times.at(call));
    }

    /// Returns whether a call is the one that leads out of the timesteps of training.
    boolean last(int call) {
        return landing(call) < 0;
    }

    /// Returns the share of the data after a call.
    double after(int call) {
        if (!last(call)) {
            return alphaBar.at(landing(call));
        }
        return endsAtData ? 1 : alphaBar.at(0);
    }

    private int landing(int call) {
        return (int) times.at(call) - alphaBar.size() / times.size();
    }

    /// See [Sampler#noised].
    Tensor noised(Tensor data, Tensor noise, int call) {
        if (call == calls()) {
            return data;
        }
        double kept = before(call);
        return Ops.addScaled(Ops.mul(data, Math.sqrt(kept)), noise, Math.sqrt(1 - kept));
    }
}
