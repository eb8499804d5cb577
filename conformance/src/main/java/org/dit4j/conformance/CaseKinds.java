package org.dit4j.conformance;

import java.util.List;

/// The kinds of reference cases that this library can recompute.
public final class CaseKinds {
    /// All kinds; the first that accepts a case runs it.
    public static final List<CaseKind> ALL =
            List.of(
                    // one kind a line, in the order of the names of their classes
                    new AddNoiseKind(),
                    new AudioPipelineKind(),
                    new AutoencoderDcKind(),
                    new AutoencoderKlKind(),
                    new AutoencoderOobleckKind(),
                    new AutoencoderTinyKind(),
                    new BetaSchedulesKind(),
                    new CenterCropKind(),
                    new CogVideoXKind(),
                    new DitArchitecturesKind(),
                    new DitKind(),
                    new DitPipelineKind(),
                    new DitTrainingKind(),
                    new FeatureMetricsKind(),
                    new FlowLossesKind(),
                    new FlowOdeKind(),
                    new FlowPathsKind(),
                    new FlowSdeKind(),
                    new FluxKind(),
                    new GaussianBuffersKind(),
                    new GaussianLoopKind(),
                    new GaussianLossesKind(),
                    new GaussianStepsKind(),
                    new HunyuanDitControlNetKind(),
                    new HunyuanDitKind(),
                    new InceptionKind(),
                    new LatteKind(),
                    new LatteTextKind(),
                    new Lumina2Kind(),
                    new LuminaDitKind(),
                    new MmDitControlNetKind(),
                    new MmDitKind(),
                    new PixArtKind(),
                    new PromptPipelineKind(),
                    new SanaKind(),
                    new SchedulersKind(),
                    new StableAudioKind(),
                    new TextEncoderKind(),
                    new TimeDensityKind(),
                    new TimestepSamplersKind(),
                    new TokenIdsKind(),
                    new VideoAutoencoderKind(),
                    new VideoPipelineKind(),
                    new WanKind());

    private CaseKinds() {}
}
