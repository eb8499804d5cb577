/// Diffusion transformers for the JVM: load, generate, train and evaluate.
///
/// The packages below depend on each other in one direction only: `pipeline, train, eval -> model,
/// autoencoder, diffusion, data -> checkpoint -> nn -> tensor`.
@NullMarked
package org.dit4j;

import org.jspecify.annotations.NullMarked;
