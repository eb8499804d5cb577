/// The command line: one class for each command, and [Dit4j] that holds them together.
///
/// A command is a `Callable<Integer>` that returns its exit code, prints results to its command
/// line's `getOut()` and progress to `getErr()`, and throws `Dit4jException` for everything that a
/// user can cause. Its footer has examples, and it is listed in [Dit4j].
@NullMarked
package org.dit4j.app;

import org.jspecify.annotations.NullMarked;
