/// Encoders of moving pictures: the only room that knows FFmpeg.
@NullMarked
package org.dit4j.codec;

import org.jspecify.annotations.NullMarked;
