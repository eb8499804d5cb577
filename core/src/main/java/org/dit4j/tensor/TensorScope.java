package org.dit4j.tensor;

import java.util.Iterator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/// Owns the native memory of the tensors that are made while it is the innermost scope of its
/// thread.
///
/// The garbage collector does not see tensor memory, so scopes own it. The rule: *arguments are
/// borrowed, results belong to the caller's innermost scope, parameters belong to the model, models
/// live outside scopes.* One scope per block in inference, per step in training and sampling.
/// Scopes belong to the thread that opened them and close in reverse order of opening.
///
/// ```java
/// try (var scope = TensorScope.open()) {
///     Tensor y = x.mul(x).add(x);
///     return scope.promote(y);
/// }
/// ```
public final class TensorScope implements AutoCloseable {
    private final PointerScope scope;

    private TensorScope(PointerScope scope) {
        this.scope = scope;
    }

    /// Opens a scope that becomes the innermost one of this thread.
    public static TensorScope open() {
        return new TensorScope(new PointerScope());
    }

    /// Returns whether a scope is open on this thread.
    public static boolean isOpen() {
        return PointerScope.getInnerScope() != null;
    }

    /// Hands `t` to the enclosing scope, so that it outlives this one; without an enclosing scope
    /// the caller owns it and closes it. Returns `t`.
    public Tensor promote(Tensor t) {
        PointerScope outer = enclosing();
        if (outer == null) {
            t.retainReference();
        } else {
            outer.attach(t);
        }
        return t;
    }

    /// Takes `t` out of every scope: the caller owns it and closes it. For parameters and states.
    public static Tensor keep(Tensor t) {
        t.retainReference();
        return t;
    }

    /// Computes in a scope of its own and returns the result in the caller's scope.
    public static Tensor compute(Supplier<Tensor> body) {
        try (var scope = open()) {
            return scope.promote(body.get());
        }
    }

    /// Feeds `x` through `steps` one after the other, each in a scope of its own, and frees each
    /// intermediate result as soon as the next one is there; `x` itself is borrowed. This is what
    /// keeps the peak at one block.
    ///
    /// @return the last result, in the caller's scope; `x` itself if there are no steps
    public static <S> Tensor fold(Tensor x, List<S> steps, BiFunction<Tensor, S, Tensor> body) {
        if (steps.isEmpty()) {
            return x;
        }
        try (var scope = open()) {
            Tensor h = x;
            for (S step : steps) {
                Tensor in = h;
                Tensor out = compute(() -> body.apply(in, step));
                if (in != x && in != out) {
                    in.close();
                }
                h = out;
            }
            return h == x ? x : scope.promote(h);
        }
    }

    /// Frees everything that was made in this scope and not promoted.
    @Override
    public void close() {
        scope.close();
    }

    private org.bytedeco.javacpp.@org.jspecify.annotations.Nullable PointerScope enclosing() {
        Iterator<PointerScope> it = PointerScope.getScopeIterator();
        if (it == null) {
            return null;
        }
        boolean seen = false;
        while (it.hasNext()) {
            PointerScope s = it.next();
            if (seen) {
                return s;
            }
            seen = s == scope;
        }
        return null;
    }
}
