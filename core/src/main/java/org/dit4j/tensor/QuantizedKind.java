package org.dit4j.tensor;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// The ways to store a matrix in small whole numbers.
public enum QuantizedKind {
    /// [Int8Matrix].
    INT8,
    /// [Int4Matrix].
    INT4;

    /// Returns what a configuration file says of it, in words.
    public String description() {
        return switch (this) {
            case INT8 -> "symmetric, one scale per output; activations rounded per token";
            case INT4 ->
                    "one scale and middle per %d inputs of an output".formatted(Int4Matrix.GROUP);
        };
    }

    /// Rounds the matrix `w` `[out, in]`, in the caller's scope.
    public QuantizedMatrix quantize(Tensor w) {
        return switch (this) {
            case INT8 -> Int8Matrix.of(w);
            case INT4 -> Int4Matrix.of(w);
        };
    }

    /// Returns whether a matrix of that shape can be stored so.
    public boolean fits(long out, long in) {
        return switch (this) {
            case INT8 -> true;
            case INT4 -> in % Int4Matrix.GROUP == 0 && out % Int4Matrix.OUTPUTS == 0;
        };
    }

    /// Returns type and shape of the parts of a matrix, by what their names add to its name.
    public Map<String, Layout> parts(long out, long in) {
        return switch (this) {
            case INT8 ->
                    Map.of(
                            "",
                            new Layout(Dtype.INT8, out, in),
                            Int8Matrix.SCALE,
                            new Layout(Dtype.FLOAT32, out, 1));
            case INT4 -> {
                var groups = new Layout(Dtype.BFLOAT16, out, in / Int4Matrix.GROUP);
                yield Map.of(
                        "",
                        new Layout(Dtype.UINT8, out, in / 2),
                        Int8Matrix.SCALE,
                        groups,
                        Int4Matrix.ZERO,
                        groups);
            }
        };
    }

    /// Returns the matrix of these parts, which it borrows.
    public QuantizedMatrix of(Map<String, Tensor> parts) {
        return switch (this) {
            case INT8 -> new Int8Matrix(part(parts, ""), part(parts, Int8Matrix.SCALE));
            case INT4 ->
                    new Int4Matrix(
                            part(parts, ""),
                            part(parts, Int8Matrix.SCALE),
                            part(parts, Int4Matrix.ZERO));
        };
    }

    /// Joins matrices of this kind along their outputs.
    public QuantizedMatrix join(List<QuantizedMatrix> matrices) {
        var joined = new java.util.HashMap<String, Tensor>();
        for (String name : matrices.getFirst().parts().keySet()) {
            joined.put(
                    name,
                    Ops.cat(0, matrices.stream().map(m -> m.part(name)).toArray(Tensor[]::new)));
        }
        return of(joined);
    }

    /// Returns whether this machine's processor computes with such matrices, giving `dtype`; else
    /// their numbers are to be taken.
    public boolean computes(Dtype dtype) {
        return switch (this) {
            case INT8 ->
                    Hardware.hasInt8Products()
                            && (dtype == Dtype.FLOAT32 || dtype == Dtype.BFLOAT16);
            case INT4 -> Hardware.fastBf16() && dtype == Dtype.BFLOAT16;
        };
    }

    private static Tensor part(Map<String, Tensor> parts, String name) {
        Tensor x = parts.get(name);
        if (x == null) {
            throw new ShapeException("a quantized matrix lacks its part \"" + name + "\"");
        }
        return x;
    }

    /// Type and shape of a part.
    ///
    /// @param dtype element type
    /// @param rows size of the first axis
    /// @param columns size of the second axis
    public record Layout(Dtype dtype, long rows, long columns) {}
}
