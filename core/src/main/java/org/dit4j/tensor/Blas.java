package org.dit4j.tensor;

import java.util.function.Supplier;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.VoidTensorHook;

/// The threads of OpenBLAS, which computes float32 matrix products.
///
/// OpenBLAS brings its own threads beside those of OpenMP, which the rest of libtorch uses. Where
/// an operator runs one product on each OpenMP thread at once, as attention does over the heads,
/// they would all wait for one pool.
final class Blas {
    private static int threads = openblas_nolapack.blas_get_num_threads();
    private static int inside;

    // these live as long as the program: graphs refer to them
    private static final VoidTensorHook BEFORE =
            hook(() -> openblas_nolapack.blas_set_num_threads(1));
    private static final VoidTensorHook AFTER = hook(Blas::apply);

    private Blas() {}

    /// Sets how many threads one product may take.
    static synchronized void setThreads(int count) {
        threads = count;
        apply();
    }

    /// Runs `body` while each product takes one thread, for operators that run several at once. The
    /// setting belongs to the process: products of other threads are slower meanwhile.
    static <T> T oneThreadEach(Supplier<T> body) {
        enter(1);
        try {
            return body.get();
        } finally {
            enter(-1);
        }
    }

    /// Does the same for the backward pass of the operator that made `y` from `v`: gradients reach
    /// `y` just before it and `v` just after it.
    static void oneThreadEachBackward(Tensor y, Tensor v) {
        y.register_hook(BEFORE);
        v.register_hook(AFTER);
    }

    private static synchronized void enter(int change) {
        inside += change;
        apply();
    }

    private static synchronized void apply() {
        openblas_nolapack.blas_set_num_threads(inside > 0 ? 1 : threads);
    }

    private static VoidTensorHook hook(Runnable body) {
        var hook =
                new VoidTensorHook() {
                    @Override
                    public void call(TensorBase gradient) {
                        body.run();
                    }
                };
        hook.retainReference();
        return hook;
    }
}
