/// The only room that knows libtorch's globals: scopes for native memory, operators, dtypes,
/// devices, random numbers and the attention kernels. Depends on `org.bytedeco` alone.
///
/// `org.bytedeco.pytorch.Tensor` is the vocabulary type everywhere; every other `org.bytedeco` type
/// stays here.
@NullMarked
package org.dit4j.tensor;

import org.jspecify.annotations.NullMarked;
