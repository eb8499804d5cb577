/// What a language model may do for prompts and captions. All of it is optional and none is on by
/// itself; what a model answers is plain data.
@NullMarked
package org.dit4j.app.language;

import org.jspecify.annotations.NullMarked;
