package org.dit4j.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
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
    // looked up once: JavaCPP's own setter looks through all libraries at each call, holding a lock
    // of
    // the dynamic linker, and waits forever if another thread is just then loading one
    private static final MethodHandle SETTER = setter();

    private static int threads = openblas_nolapack.blas_get_num_threads();
    private static int inside;

    // these live as long as the program: graphs refer to them
    private static final VoidTensorHook BEFORE = hook(() -> set(1));
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
        set(inside > 0 ? 1 : threads);
    }

    /// Makes sure that OpenBLAS has been looked up, see [Hardware#prepare].
    static void prepare() {
        set(threads);
    }

    private static MethodHandle setter() {
        Loader.load(org.bytedeco.openblas.global.openblas_nolapack.class);
        Pointer symbol = Loader.addressof("openblas_set_num_threads");
        if (symbol == null) {
            throw new IllegalStateException("the bundled OpenBLAS has no openblas_set_num_threads");
        }
        return Linker.nativeLinker()
                .downcallHandle(
                        MemorySegment.ofAddress(symbol.address()),
                        FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    }

    private static void set(int count) {
        try {
            SETTER.invokeExact(count);
        } catch (Throwable e) {
            throw new IllegalStateException("openblas_set_num_threads failed", e);
        }
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
