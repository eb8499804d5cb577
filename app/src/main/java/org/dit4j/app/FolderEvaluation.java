package org.dit4j.app;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.ImageFolder;
import org.dit4j.eval.FeatureNetwork;
import org.dit4j.eval.Features;
import org.dit4j.eval.InceptionScore;
import org.dit4j.eval.InceptionV3;
import org.dit4j.eval.PictureDistances;
import org.dit4j.tensor.TensorScope;

/// Compares two folders of pictures.
final class FolderEvaluation {
    private FolderEvaluation() {}

    /// Returns the report.
    static Map<String, Object> compare(
            FeatureNetwork network, ImageFolder real, ImageFolder generated, long seed, Bar bar) {
        var report = new LinkedHashMap<String, Object>();
        try (var _ = TensorScope.open()) {
            Tensor x = Features.of(network, real, listener("real pictures", bar));
            Tensor y = Features.of(network, generated, listener("generated pictures", bar));
            report.put("features", network.description());
            report.put("real_pictures", x.size(0));
            report.put("generated_pictures", y.size(0));
            report.putAll(distances(PictureDistances.between(x, y, seed)));
            if (network instanceof InceptionV3 inception) {
                report.put("fid", report.get("frechet_distance"));
                report.put(
                        "inception_score",
                        InceptionScore.of(inception.logits(y), InceptionScore.PART));
            }
        }
        return report;
    }

    static Map<String, Object> distances(PictureDistances d) {
        var map = new LinkedHashMap<String, Object>();
        map.put("frechet_distance", d.frechetDistance());
        map.put("kernel_distance", d.kernelDistance());
        map.put("kernel_distance_std", d.kernelDistanceStd());
        map.put("precision", d.precision());
        map.put("recall", d.recall());
        return map;
    }

    static ImageFolder.Listener listener(String stage, Bar bar) {
        return new ImageFolder.Listener() {
            @Override
            public void progress(int done, int total) {
                bar.show(stage, done, total, "");
            }

            @Override
            public void skipped(String reason) {
                bar.note("skipped: " + reason);
            }
        };
    }
}
