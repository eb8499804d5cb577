/// Models from a hub that speaks Hugging Face's HTTP interface, kept in the cache that Python's
/// tools share (huggingface_hub, "Understand caching"). What a server says of names, sizes and
/// hashes is checked before it is believed.
@NullMarked
package org.dit4j.app.hub;

import org.jspecify.annotations.NullMarked;
