/// Pictures and sets of pictures: reading and writing, resampling, folders of pictures, archives;
/// writing animations and sounds.
///
/// A [org.dit4j.data.Picture] is 8-bit RGB. Everything read from a file is bounded in size.
@NullMarked
package org.dit4j.data;

import org.jspecify.annotations.NullMarked;
