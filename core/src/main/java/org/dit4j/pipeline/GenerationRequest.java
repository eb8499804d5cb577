package org.dit4j.pipeline;

import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Caching;

/// What to generate. Immutable; 0 and the empty text stand for what the model's own folder says.
///
/// ```java
/// GenerationRequest.of("a red heart", "红色的心").withCount(4).withSeed(7)
/// GenerationRequest.ofClasses("cat-face", "dog")
/// ```
///
/// @param prompts what to show: texts, or for a class-conditional model names or numbers of classes
/// @param count pictures of each prompt, 1 to 1024
/// @param seed of the noise: the same one gives the same pictures
/// @param steps of the sampler
/// @param guide how strongly the pictures follow the prompts
/// @param sampler its name, see [org.dit4j.diffusion.Samplers]
/// @param width in pixels
/// @param height in pixels
/// @param textTokens tokens that a prompt is cut or filled up to, where a family leaves that open
/// @param given pictures to start from or to be steered by
/// @param clip how long videos and sounds are
/// @param caching what is spared of the network, at a loss of quality
public record GenerationRequest(
        List<String> prompts,
        int count,
        long seed,
        int steps,
        Guide guide,
        String sampler,
        int width,
        int height,
        int textTokens,
        GivenPictures given,
        Clip clip,
        Caching caching) {
    private static final int MOST = 1024;
    private static final int MOST_STEPS = 10_000;
    private static final int MOST_PIXELS = 8192;
    private static final int MOST_TOKENS = 4096;

    /// Checks the ranges.
    public GenerationRequest {
        prompts = List.copyOf(prompts);
        ConfigException.require(!prompts.isEmpty(), "name at least one thing to generate");
        ConfigException.require(
                count >= 1 && (long) count * prompts.size() <= MOST,
                "count must be 1 or more, and at most %d pictures in all, but %d of %d prompts were wanted",
                MOST,
                count,
                prompts.size());
        ConfigException.require(
                steps >= 0 && steps <= MOST_STEPS, "steps must be 1 to 10000 but is %d", steps);
        ConfigException.require(
                width >= 0 && width <= MOST_PIXELS && height >= 0 && height <= MOST_PIXELS,
                "a picture's sides must be 1 to 8192 pixels but are %d x %d",
                width,
                height);
        ConfigException.require(
                textTokens >= 0 && textTokens <= MOST_TOKENS,
                "a prompt's tokens must be 1 to %d but are %d",
                MOST_TOKENS,
                textTokens);
    }

    /// Returns a request for one picture of each prompt, with seed 0.
    public static GenerationRequest of(String... prompts) {
        return new GenerationRequest(
                List.of(prompts),
                1,
                0,
                0,
                Guide.DEFAULT,
                "",
                0,
                0,
                0,
                GivenPictures.NONE,
                Clip.OPEN,
                Caching.OFF);
    }

    /// Returns a request for one picture of each class, with seed 0.
    public static GenerationRequest ofClasses(String... namesOrNumbers) {
        return of(namesOrNumbers);
    }

    /// Returns the number of all pictures.
    public int pictures() {
        return count * prompts.size();
    }

    /// Returns this request with other prompts.
    public GenerationRequest withPrompts(List<String> texts) {
        return new GenerationRequest(
                texts,
                count,
                seed,
                steps,
                guide,
                sampler,
                width,
                height,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request for another number of pictures of each prompt.
    public GenerationRequest withCount(int n) {
        return new GenerationRequest(
                prompts,
                n,
                seed,
                steps,
                guide,
                sampler,
                width,
                height,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request with another seed.
    public GenerationRequest withSeed(long s) {
        return new GenerationRequest(
                prompts,
                count,
                s,
                steps,
                guide,
                sampler,
                width,
                height,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request with another number of sampler steps.
    public GenerationRequest withSteps(int n) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                n,
                guide,
                sampler,
                width,
                height,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request with another guidance scale.
    public GenerationRequest withGuidance(double scale) {
        return withGuide(guide.withScale(scale));
    }

    /// Returns this request with other guidance.
    public GenerationRequest withGuide(Guide g) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                g,
                sampler,
                width,
                height,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request with another sampler.
    public GenerationRequest withSampler(String name) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                guide,
                name,
                width,
                height,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request for another size in pixels.
    public GenerationRequest withSize(int w, int h) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                guide,
                sampler,
                w,
                h,
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request with another number of tokens of a prompt.
    public GenerationRequest withTextTokens(int n) {
        return new GenerationRequest(
                prompts, count, seed, steps, guide, sampler, width, height, n, given, clip,
                caching);
    }

    /// Returns this request starting from a picture.
    ///
    /// @param strength see [InitImage#strength]
    public GenerationRequest withImage(Picture picture, double strength) {
        InitImage init = given.init();
        return withGiven(
                new GivenPictures(
                        new InitImage(picture, strength, init == null ? null : init.mask()),
                        given.control()));
    }

    /// Returns this request changing a part of the picture that it starts from.
    ///
    /// @param mask see [InitImage#mask]
    /// @throws ConfigException if there is no picture
    public GenerationRequest withMask(Picture mask) {
        InitImage init = given.init();
        if (init == null) {
            throw new ConfigException("a mask needs a picture to start from");
        }
        return withGiven(
                new GivenPictures(
                        new InitImage(init.picture(), init.strength(), mask), given.control()));
    }

    /// Returns this request steered by a picture.
    ///
    /// @param scale see [ControlImage#scale]
    public GenerationRequest withControl(Picture picture, double scale) {
        return withGiven(new GivenPictures(given.init(), new ControlImage(picture, scale)));
    }

    /// Returns this request with other pictures.
    public GenerationRequest withGiven(GivenPictures pictures) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                guide,
                sampler,
                width,
                height,
                textTokens,
                pictures,
                clip,
                caching);
    }

    /// Returns this request for videos of another number of frames.
    public GenerationRequest withFrames(int n) {
        return withClip(clip.withFrames(n));
    }

    /// Returns this request for sounds of another length in seconds, from the beginning.
    public GenerationRequest withSeconds(double n) {
        return withClip(clip.during(0, n));
    }

    /// Returns this request for videos and sounds of another length.
    public GenerationRequest withClip(Clip other) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                guide,
                sampler,
                width,
                height,
                textTokens,
                given,
                other,
                caching);
    }

    /// Returns this request with another cache.
    public GenerationRequest withCaching(Caching other) {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                guide,
                sampler,
                width,
                height,
                textTokens,
                given,
                clip,
                other);
    }
}
