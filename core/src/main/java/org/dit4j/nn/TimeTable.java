package org.dit4j.nn;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The conditioning of a network at all times of a run, computed together: a modulation reads its
/// whole matrix for a batch of two, and takes hardly longer for all steps of a run at once.
///
/// @param times S of them, as float32 has them
/// @param all `[S R, D]`: that of R texts at the first time, then at the second, and so on
/// @param rows which of the R texts each sample has, `[B]`, int64; null for all in order
public record TimeTable(List<Float> times, Conditioning all, @Nullable Tensor rows) {
    /// Copies the list.
    public TimeTable {
        times = List.copyOf(times);
    }

    /// Computes the conditioning `time + text` and what the modulations make of it. The result
    /// belongs to the caller's innermost scope.
    ///
    /// @param embedding of the times
    /// @param texts `[R, D]`
    public static TimeTable of(
            List<Float> times,
            TimestepEmbedding embedding,
            Tensor texts,
            List<Modulation> modulations) {
        var t = new float[times.size()];
        for (int i = 0; i < t.length; i++) {
            t[i] = times.get(i);
        }
        Tensor each = embedding.forward(Tensors.of(t, t.length)); // [S, D]
        Tensor c = each.unsqueeze(1).add(texts.unsqueeze(0)).flatten(0, 1); // [S R, D]
        return new TimeTable(times, Conditioning.of(c).known(modulations), null);
    }

    /// Returns the table of a batch.
    ///
    /// @param numbers `[B]`, int64: which of the texts each sample has
    public TimeTable rows(Tensor numbers) {
        return new TimeTable(times, all, numbers);
    }

    /// Returns the conditioning at a time, null if it is not in the table or not the same for all.
    ///
    /// @param t `[B]`
    public @Nullable Conditioning at(Tensor t) {
        float[] given = Tensors.floats(t);
        int i = times.indexOf(given[0]);
        for (float one : given) {
            if (i < 0 || one != given[0]) {
                return null;
            }
        }
        long each = all.c().size(0) / times.size();
        Conditioning own = all.part(i * each, each);
        return rows == null ? own : own.rows(rows);
    }
}
