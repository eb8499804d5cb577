package org.dit4j.pipeline;

import java.util.List;
import org.dit4j.ConfigException;

/// What to generate. Immutable; 0 and the empty text stand for what the model's own folder says.
///
/// ```java
/// GenerationRequest.ofClasses("cat-face", "dog").withCount(4).withSeed(7)
/// ```
///
/// @param classes names or numbers of classes
/// @param count pictures of each class, 1 to 1024
/// @param seed of the noise: the same one gives the same pictures
/// @param steps of the sampler
/// @param guidance scale of classifier-free guidance (Ho and Salimans 2022); 1 for none
/// @param sampler its name, see [org.dit4j.diffusion.Samplers]
/// @param width in pixels
/// @param height in pixels
public record GenerationRequest(
        List<String> classes,
        int count,
        long seed,
        int steps,
        double guidance,
        String sampler,
        int width,
        int height) {
    /// Checks the ranges.
    public GenerationRequest {
        classes = List.copyOf(classes);
        ConfigException.require(!classes.isEmpty(), "name at least one class to generate");
        ConfigException.require(
                count >= 1 && (long) count * classes.size() <= 1024,
                "count must be 1 or more, and at most 1024 pictures in all, but %d of %d classes were wanted",
                count,
                classes.size());
        ConfigException.require(
                steps >= 0 && steps <= 10_000, "steps must be 1 to 10000 but is %d", steps);
        ConfigException.require(
                guidance >= 0 && guidance <= 100, "guidance must be 0 to 100 but is %s", guidance);
        ConfigException.require(
                width >= 0 && width <= 8192 && height >= 0 && height <= 8192,
                "a picture's sides must be 1 to 8192 pixels but are %d x %d",
                width,
                height);
    }

    /// Returns a request for one picture of each class, with seed 0.
    public static GenerationRequest ofClasses(String... namesOrNumbers) {
        return new GenerationRequest(List.of(namesOrNumbers), 1, 0, 0, 0, "", 0, 0);
    }

    /// Returns this request for another number of pictures of each class.
    public GenerationRequest withCount(int n) {
        return new GenerationRequest(classes, n, seed, steps, guidance, sampler, width, height);
    }

    /// Returns this request with another seed.
    public GenerationRequest withSeed(long s) {
        return new GenerationRequest(classes, count, s, steps, guidance, sampler, width, height);
    }

    /// Returns this request with another number of sampler steps.
    public GenerationRequest withSteps(int n) {
        return new GenerationRequest(classes, count, seed, n, guidance, sampler, width, height);
    }

    /// Returns this request with another guidance scale.
    public GenerationRequest withGuidance(double scale) {
        return new GenerationRequest(classes, count, seed, steps, scale, sampler, width, height);
    }

    /// Returns this request with another sampler.
    public GenerationRequest withSampler(String name) {
        return new GenerationRequest(classes, count, seed, steps, guidance, name, width, height);
    }

    /// Returns this request for another size in pixels.
    public GenerationRequest withSize(int w, int h) {
        return new GenerationRequest(classes, count, seed, steps, guidance, sampler, w, h);
    }
}
