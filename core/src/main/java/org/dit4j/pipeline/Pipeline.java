package org.dit4j.pipeline;

import org.dit4j.data.Picture;

/// From a request to pictures.
public interface Pipeline extends MediaPipeline<Picture> {}
