/// Checkpoints: safetensors (memory-mapped, sharded), `.pt` archives, Hugging Face folders, maps of
/// key names, strict loading. Depends on `nn` and `tensor`.
@NullMarked
package org.dit4j.checkpoint;

import org.jspecify.annotations.NullMarked;
