package org.dit4j.conformance;

import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.Bert;
import org.dit4j.text.EncodedTokens;
import org.dit4j.text.TextCheckpoint;
import org.dit4j.text.TokenEncoder;

/// The text encoders of transformers: every layer, the pooled and the projected state, with and
/// without a mask: `text/encoder_*`.
final class TextEncoderKind implements CaseKind {
    private static final String LAYER = "out.hidden_states.";

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("text/encoder_");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (TokenEncoder encoder = TextCheckpoint.open(c.modelFolder()).load(c.loading())) {
            for (String id : c.calls()) {
                Ops.noGrad(() -> {
                    compare(c, id, encoder, out);
                    return 0;
                });
            }
        }
    }

    private static void compare(ReferenceCase c, String id, TokenEncoder encoder, Findings out) {
        Set<Integer> layers = layers(c, id);
        EncodedTokens states = encode(c, id, encoder, layers);
        out.compare(c.named(id, "out.last_hidden_state"), states.last());
        for (int layer : layers) {
            out.compare(c.named(id, LAYER + layer), states.layer(layer));
        }
        optional(c.named(id, "out.pooler_output"), c, states.pooled(), out);
        optional(c.named(id, "out.text_embeds"), c, states.projected(), out);
    }

    private static EncodedTokens encode(
            ReferenceCase c, String id, TokenEncoder encoder, Set<Integer> layers) {
        Tensor ids = c.in(id, "input_ids");
        Tensor mask =
                id.equals("nomask") || !c.hasIn(id, "attention_mask")
                        ? Tensors.full(1, org.dit4j.tensor.Dtype.INT64, ids.size(0), ids.size(1))
                        : c.in(id, "attention_mask");
        return encoder instanceof Bert bert && c.hasIn(id, "token_type_ids")
                ? bert.encode(ids, mask, c.in(id, "token_type_ids"), layers)
                : encoder.encode(ids, mask, layers);
    }

    private static Set<Integer> layers(ReferenceCase c, String id) {
        var layers = new TreeSet<Integer>();
        String prefix = id.isEmpty() ? LAYER : id + "." + LAYER;
        for (String name : c.names()) {
            if (name.startsWith(prefix)) {
                layers.add(Integer.parseInt(name.substring(prefix.length())));
            }
        }
        return layers;
    }

    private static void optional(
            String name, ReferenceCase c, Optional<Tensor> actual, Findings out) {
        if (c.has(name)) {
            actual.ifPresentOrElse(
                    x -> out.compare(name, x),
                    () -> out.fail(name, "the network has no such result"));
        }
    }
}
