package org.dit4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class ReferenceCaseTest {
    private static final Path CASES = Path.of("cases");

    @Test
    void callsHaveArgumentsOfTheirOwnAndSharedOnes() {
        try (var c = ReferenceCase.open(CASES.resolve("schedulers/ddim.json"))) {
            assertThat(c.calls()).containsExactly("n4", "n10", "n25");
            assertThat(c.named("n4", "in.x")).isEqualTo("n4.in.x");
            assertThat(c.named("n4", "in.noise")).isEqualTo("in.noise");
            assertThat(c.hasIn("n4", "absent")).isFalse();
        }
    }

    @Test
    void labelsComeInTheTypeThatTheReferenceWasGiven() {
        try (var _ = TensorScope.open();
                var c = ReferenceCase.open(CASES.resolve("models/dit/square-p2-sigma/io.json"))) {
            assertThat(c.calls()).containsExactly("c0", "c1", "c2");
            assertThat(Dtype.of(c.in("c0", "y"))).isEqualTo(Dtype.INT64);
            assertThat(Dtype.of(c.in("c0", "x"))).isEqualTo(Dtype.FLOAT32);
        }
    }

    @Test
    void modelFoldersAreFoundWhereverTheJsonNamesThem() {
        assertThat(modelFolder("vae/kl_sd.json")).endsWith(Path.of("vae/kl_sd"));
        assertThat(modelFolder("schedulers/ddim.json")).endsWith(Path.of("schedulers/ddim"));
        assertThat(modelFolder("models/dit/square-p2-sigma/io.json"))
                .endsWith(Path.of("models/dit/square-p2-sigma"));
    }

    @Test
    void aFolderThatTheJsonNamesGetsItsWeightsWhileTheCaseIsOpen() {
        Path folder;
        try (var c = ReferenceCase.open(CASES.resolve("pipelines/dit_dpmsolver.json"))) {
            folder = c.modelFolder();
            assertThat(folder.resolve("model_index.json"))
                    .hasSameBinaryContentAs(CASES.resolve("pipelines/dit/model_index.json"));
            assertThat(folder.resolve("transformer/diffusion_pytorch_model.safetensors")).exists();
            assertThat(c.modelFolder()).isEqualTo(folder);
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void theAnalyticModelIsTheFormulaOfTheCases() {
        try (var _ = TensorScope.open();
                var c = ReferenceCase.open(CASES.resolve("diffusion/q_p.json"))) {
            AnalyticModel model = AnalyticModel.of(c, "model2").trainable();
            Tensor x = Tensors.of(new float[] {0.1f, -0.2f, 0.3f, 0.4f, 1, 2, 3, 4}, 2, 4, 1, 1);
            Tensor y = Tensors.of(new long[] {1, 2}, 2);
            Tensor out = model.predict(x, Tensors.of(new long[] {7, 900}, 2), y);
            double wanted = 0;
            for (int channel = 0; channel < 4; channel++) {
                double value = new double[] {1, 2, 3, 4}[channel];
                wanted += at(model.w(), 5, channel) * value;
                wanted += at(model.v(), 5, channel) * Math.tanh(value + 0.3);
            }
            wanted += at(model.u(), 5) * Math.sin(0.01 * 900) + at(model.b(), 5);
            wanted += at(c.tensor("in.model2.E"), 2, 5);
            assertThat(at(out, 1, 5, 0, 0)).isEqualTo(wanted, within(1e-5));
            out.sum().backward();
            assertThat(model.names()).containsExactly("W", "V", "U", "b", "E");
            assertThat(model.parameters()).allMatch(p -> p.grad().defined());
        }
    }

    private static double at(Tensor t, long... index) {
        Tensor value = t;
        for (long i : index) {
            value = value.select(0, i);
        }
        return Ops.item(value);
    }

    private static Path modelFolder(String file) {
        try (var c = ReferenceCase.open(CASES.resolve(file))) {
            return c.modelFolder();
        }
    }
}
