package org.dit4j.tensor;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Lets threads that compute on the CPU take turns, so that each computation has all cores.
///
/// OpenMP starts a team of threads, as many as there are cores, for each thread that calls
/// libtorch. Two that compute at once then share the cores with teams that wait for each other at
/// the end of every operator. The first that asks goes first, so a long request does not hold up a
/// short one for more than one step.
public final class Turn {
    private static final ReentrantLock LOCK = new ReentrantLock(true);

    private Turn() {}

    /// Waits until no other thread has its turn, and computes. Within a turn this just computes.
    public static <T> T take(Supplier<T> body) {
        LOCK.lock();
        try {
            return body.get();
        } finally {
            LOCK.unlock();
        }
    }
}
