package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// A tensor of a PyTorch archive: a part of a storage, which others may share, with a stride for
/// each axis.
///
/// @param entry type and shape
/// @param storage bytes of the whole storage
/// @param offset first element
/// @param strides elements from one index to the next, for each axis
record TorchTensor(StateDict.Entry entry, MemorySegment storage, long offset, long[] strides)
        implements StateDict.Item {
    @Override
    public boolean mapped() {
        return isRowMajor() && slice().mapped();
    }

    @Override
    public Tensor read() {
        if (isRowMajor()) {
            return slice().read();
        }
        Dtype dtype = entry.dtype();
        long elements = storage.byteSize() / dtype.bytes();
        MemorySegment whole = storage.asSlice(0, elements * dtype.bytes());
        return TensorScope.compute(() -> {
            Tensor flat =
                    new MappedFile.Slice(
                                    new StateDict.Entry(
                                            dtype, new long[] {elements}, whole.byteSize()),
                                    whole)
                            .read();
            return Tensors.strided(flat, entry.shape(), strides, offset).clone();
        });
    }

    @Override
    public void unload() {
        slice().unload();
    }

    private MappedFile.Slice slice() {
        int bytes = entry.dtype().bytes();
        return isRowMajor()
                ? new MappedFile.Slice(entry, storage.asSlice(offset * bytes, entry.bytes()))
                : new MappedFile.Slice(entry, storage);
    }

    private boolean isRowMajor() {
        long step = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            long size = entry.shape()[i];
            if (size != 1 && strides[i] != step && entry.bytes() > 0) {
                return false;
            }
            step *= size;
        }
        return true;
    }
}
