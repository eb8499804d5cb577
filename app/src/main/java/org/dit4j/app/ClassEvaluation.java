package org.dit4j.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.data.Grid;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.eval.Features;
import org.dit4j.eval.Psnr;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationRequest;

/// Judges a class-conditional model by pictures of all classes alike.
record ClassEvaluation(DitPipeline pipeline, Comparison with) {
    private static final int SHOWN = 64;
    private static final int COLUMNS = 16;

    /// Draws `count` pictures, each class equally often, the first ones once more if it does not
    /// divide; fills the report and returns what its page shows.
    EvaluationPage.Content run(GenerationRequest settings, int count, Map<String, Object> report) {
        List<String> names = pipeline.classes().names();
        List<Integer> classes = IntStream.range(0, count).mapToObj(i -> i % names.size()).toList();
        List<String> wanted = classes.stream().map(names::get).toList();
        List<Picture> pictures =
                GeneratedPictures.of(
                        pipeline,
                        settings,
                        classes.stream().map(String::valueOf).toList(),
                        "generating",
                        with.bar());
        write(pictures, wanted);
        Tensor made = Features.of(with.network(), pictures);
        with.distances(made, report);
        with.accuracies(made, wanted, report);
        report.put(
                "autoencoder_psnr_held_out",
                Psnr.ofAutoencoder(pipeline.parts().autoencoder(), with.unseen()));
        var nearest = with.nearest(pictures, made, report);
        return new EvaluationPage.Content(
                List.of(
                        new EvaluationPage.Section(
                                "Pictures, each beside its nearest training picture and the class of that",
                                cards(pictures, wanted, nearest.values().iterator().next()))),
                nearest,
                List.of());
    }

    private void write(List<Picture> pictures, List<String> wanted) {
        Path folder = with.out().resolve("pictures");
        for (int i = 0; i < pictures.size(); i++) {
            String name = wanted.get(i).replaceAll("[^\\p{L}\\p{N}]+", "-");
            PictureFile.write(
                    folder.resolve(name).resolve("%06d.png".formatted(i)), pictures.get(i));
        }
        int shown = Math.min(SHOWN, pictures.size());
        PictureFile.write(
                with.out().resolve("grid.png"), Grid.of(pictures.subList(0, shown), COLUMNS));
    }

    private List<EvaluationPage.Card> cards(
            List<Picture> pictures, List<String> wanted, NearestTrainingPictures.Found found) {
        var cards = new ArrayList<EvaluationPage.Card>();
        for (int i = 0; i < Math.min(SHOWN, pictures.size()); i++) {
            int match = found.made().index()[i];
            String name = with.className(with.training().examples().get(match));
            cards.add(
                    new EvaluationPage.Card(
                            pictures.get(i),
                            NearestTrainingPictures.picture(with.training(), match),
                            wanted.get(i),
                            name,
                            name.equals(wanted.get(i))));
        }
        return cards;
    }
}
