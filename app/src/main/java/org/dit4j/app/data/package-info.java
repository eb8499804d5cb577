/// Data sets that are built from packages which anybody can install.
@NullMarked
package org.dit4j.app.data;

import org.jspecify.annotations.NullMarked;
