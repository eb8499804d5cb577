package org.dit4j.text;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/// The network of an encoder in ONNX Runtime, on the CPU. Thread-safe.
final class OnnxBert implements AutoCloseable {
    private static final String OUTPUT = "last_hidden_state";

    private final TextModel model;

    private final OrtEnvironment environment;
    private final OrtSession session;

    /// Opens the network of `model`.
    ///
    /// @throws TextException if the class path lacks it or ONNX Runtime refuses it
    OnnxBert(TextModel model, TextOptions options) {
        this.model = model;
        try {
            environment = start();
            session = session(options);
        } catch (OrtException | IOException | RuntimeException | LinkageError e) {
            throw new TextException("cannot open %s: %s".formatted(model.id(), e.getMessage()), e);
        }
    }

    private static OrtEnvironment start() throws OrtException {
        // warnings would go to the standard error stream
        OrtEnvironment environment =
                OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
        environment.setTelemetry(false); // where there is any: on Windows
        return environment;
    }

    private OrtSession session(TextOptions options) throws OrtException, IOException {
        ModelResource network = ModelResource.network(model);
        try (var settings = new OrtSession.SessionOptions()) {
            settings.setIntraOpNumThreads(options.threads());
            settings.setInterOpNumThreads(1);
            settings.addConfigEntry("session.intra_op.allow_spinning", "0");
            settings.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            Optional<Path> file = network.unpacked(options.cache());
            return file.isPresent()
                    ? environment.createSession(file.get().toString(), settings)
                    : environment.createSession(network.bytes(), settings);
        }
    }

    /// Returns the states of the tokens `ids` of one text, `[L, D]` row-major.
    float[] states(long[] ids) {
        long[] shape = {1, ids.length};
        var ones = new long[ids.length];
        Arrays.fill(ones, 1);
        try (var tokens = input(ids, shape);
                var mask = input(ones, shape);
                var types = input(new long[ids.length], shape);
                var result =
                        session.run(
                                Map.of(
                                        "input_ids",
                                        tokens,
                                        "attention_mask",
                                        mask,
                                        "token_type_ids",
                                        types))) {
            var states = (OnnxTensor) result.get(OUTPUT).orElseThrow();
            var values = new float[ids.length * model.width()];
            states.getFloatBuffer().get(values);
            return values;
        } catch (OrtException e) {
            throw new TextException(
                    "%s failed for %d tokens: %s".formatted(model.id(), ids.length, e.getMessage()),
                    e);
        }
    }

    private OnnxTensor input(long[] values, long[] shape) throws OrtException {
        return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new TextException("cannot close " + model.id() + ": " + e.getMessage(), e);
        }
    }
}
