/// Runs reference cases, computed by the original implementations, through the public code and
/// compares the numbers.
///
/// [Verification] finds the cases, a [CaseKind] recomputes one kind of them, [Findings] compares.
@NullMarked
package org.dit4j.conformance;

import org.jspecify.annotations.NullMarked;
