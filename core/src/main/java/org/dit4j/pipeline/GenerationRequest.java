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
/// @param size in pixels
/// @param textTokens tokens that a prompt is cut or filled up to, where a family leaves that open
/// @param given pictures to start from, to be steered by, or that are frames of the video
/// @param clip how long videos and sounds are
/// @param caching what is spared of the network, at a loss of quality
public record GenerationRequest(
        List<String> prompts,
        int count,
        long seed,
        int steps,
        Guide guide,
        String sampler,
        PictureSize size,
        int textTokens,
        GivenPictures given,
        Clip clip,
        Caching caching) {
    private static final int MOST = 1024;
    private static final int MOST_STEPS = 10_000;
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
                PictureSize.OPEN,
                0,
                GivenPictures.NONE,
                Clip.OPEN,
                Caching.OFF);
    }

    /// Returns a request for one picture of each class, with seed 0.
    public static GenerationRequest ofClasses(String... namesOrNumbers) {
        return of(namesOrNumbers);
    }

    /// Returns the width in pixels, 0 for the usual one.
    public int width() {
        return size.width();
    }

    /// Returns the height in pixels, 0 for the usual one.
    public int height() {
        return size.height();
    }

    /// Returns the number of all pictures.
    public int pictures() {
        return count * prompts.size();
    }

    /// Returns this request with other prompts.
    public GenerationRequest withPrompts(List<String> texts) {
        return new GenerationRequest(
                texts, count, seed, steps, guide, sampler, size, textTokens, given, clip, caching);
    }

    /// Returns this request for another number of pictures of each prompt.
    public GenerationRequest withCount(int n) {
        return new GenerationRequest(
                prompts, n, seed, steps, guide, sampler, size, textTokens, given, clip, caching);
    }

    /// Returns this request with another seed.
    public GenerationRequest withSeed(long s) {
        return new GenerationRequest(
                prompts, count, s, steps, guide, sampler, size, textTokens, given, clip, caching);
    }

    /// Returns this request with another number of sampler steps.
    public GenerationRequest withSteps(int n) {
        return new GenerationRequest(
                prompts, count, seed, n, guide, sampler, size, textTokens, given, clip, caching);
    }

    /// Returns this request with another guidance scale.
    public GenerationRequest withGuidance(double scale) {
        return withGuide(guide.withScale(scale));
    }

    /// Returns this request with other guidance.
    public GenerationRequest withGuide(Guide g) {
        return new GenerationRequest(
                prompts, count, seed, steps, g, sampler, size, textTokens, given, clip, caching);
    }

    /// Returns this request with another sampler.
    public GenerationRequest withSampler(String name) {
        return new GenerationRequest(
                prompts, count, seed, steps, guide, name, size, textTokens, given, clip, caching);
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
                size.with(w, h),
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request for pictures that are drawn in the asked size itself.
    public GenerationRequest withExactSize() {
        return new GenerationRequest(
                prompts,
                count,
                seed,
                steps,
                guide,
                sampler,
                size.exactly(),
                textTokens,
                given,
                clip,
                caching);
    }

    /// Returns this request with another number of tokens of a prompt.
    public GenerationRequest withTextTokens(int n) {
        return new GenerationRequest(
                prompts, count, seed, steps, guide, sampler, size, n, given, clip, caching);
    }

    /// Returns this request starting from a picture.
    ///
    /// @param strength see [InitImage#strength]
    public GenerationRequest withImage(Picture picture, double strength) {
        InitImage init = given.init();
        return withGiven(
                given.withInit(
                        new InitImage(picture, strength, init == null ? null : init.mask())));
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
        return withGiven(given.withInit(new InitImage(init.picture(), init.strength(), mask)));
    }

    /// Returns this request steered by one more picture: the first is for the first ControlNet, and
    /// so on.
    ///
    /// @param scale see [ControlImage#scale]
    public GenerationRequest withControl(Picture picture, double scale) {
        return withGiven(given.withControl(new ControlImage(picture, scale)));
    }

    /// Returns this request for videos that begin with a picture.
    public GenerationRequest withFirstFrame(Picture picture) {
        KeyFrames frames = given.frames();
        return withGiven(
                given.withFrames(new KeyFrames(picture, frames == null ? null : frames.last())));
    }

    /// Returns this request for videos that end with a picture.
    ///
    /// @throws ConfigException if there is no first frame
    public GenerationRequest withLastFrame(Picture picture) {
        KeyFrames frames = given.frames();
        if (frames == null) {
            throw new ConfigException("a last frame needs a first one");
        }
        return withGiven(given.withFrames(new KeyFrames(frames.first(), picture)));
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
                size,
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
                size,
                textTokens,
                given,
                other,
                caching);
    }

    /// Returns this request with another cache.
    public GenerationRequest withCaching(Caching other) {
        return new GenerationRequest(
                prompts, count, seed, steps, guide, sampler, size, textTokens, given, clip, other);
    }
}
