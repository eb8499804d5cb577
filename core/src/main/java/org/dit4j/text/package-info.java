/// Text encoders: a prompt becomes the states of its tokens, for networks that attend to text.
///
/// The encoders of published pipelines are read from their folders: [org.dit4j.text.Tokenizer] cuts
/// texts into tokens, [org.dit4j.text.TextCheckpoint] loads the [org.dit4j.text.TokenEncoder] that
/// makes states of them.
///
/// [org.dit4j.text.ClipVision] does the same with pictures, for networks that attend to one.
///
/// [org.dit4j.text.FrozenEncoders] holds the Chinese and the English one, which come as ONNX models
/// in jars of the class path; [org.dit4j.text.WeightedText] reads prompts such as `a (red:1.3)
/// heart`. How the states of two encoders are joined is a matter of the network.
@NullMarked
package org.dit4j.text;

import org.jspecify.annotations.NullMarked;
