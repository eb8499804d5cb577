package org.dit4j.train;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Network;
import org.dit4j.tensor.TensorScope;

/// Activation checkpointing (Chen et al. 2016, arXiv:1604.06174): the forward pass keeps the input
/// of every block only, and the backward pass computes each block again. Gradients are the same;
/// memory is that of one block plus the inputs.
///
/// For one forward and one backward pass:
///
/// ```java
/// var pass = new Recomputation(network);
/// Tensor prediction = pass.forward(x, t, y);
/// loss(prediction).backward();
/// pass.backward();
/// ```
public final class Recomputation {
    private final Network network;
    private final List<Tensor> inputs = new ArrayList<>(); // of each block, then of the head
    private Network.Hidden embedded = new Network.Hidden(new Tensor(), new Tensor());
    private Tensor c = new Tensor();

    /// Prepares one pass.
    public Recomputation(Network network) {
        this.network = network;
    }

    /// Predicts. The result's gradient flows back to the input of the head only; [#backward] does
    /// the rest.
    ///
    /// @param x `[B, C, H, W]`
    /// @param t `[B]`
    /// @param y `[B]`
    /// @return `[B, outputs, H, W]`
    public Tensor forward(Tensor x, Tensor t, Tensor y) {
        embedded = network.embed(x, t, y);
        c = leaf(embedded.c());
        Tensor h = embedded.x().detach();
        for (int i = 0; i < network.depth(); i++) {
            inputs.add(h);
            Tensor in = h;
            int block = i;
            // recorded, and thrown away with the scope: inference may take other operators, and
            // both
            // passes must give the same bits
            h = TensorScope.compute(() -> network.block(block, in, c).detach());
        }
        Tensor last = leaf(h);
        inputs.add(last);
        return network.head(last, c, x.size(2), x.size(3));
    }

    /// Continues the backward pass of the loss through all blocks and the embedding.
    public void backward() {
        Tensor gradient = inputs.getLast().grad();
        for (int i = network.depth() - 1; i >= 0; i--) {
            Tensor g = gradient;
            int block = i;
            gradient =
                    TensorScope.compute(() -> {
                        Tensor x = leaf(inputs.get(block));
                        network.block(block, x, c).mul(g).sum().backward();
                        return x.grad().clone();
                    });
        }
        Tensor total = embedded.x().mul(gradient).sum();
        Tensor gc = c.grad(); // none where the blocks do not look at the conditioning (in-context)
        (gc.defined() ? total.add(embedded.c().mul(gc).sum()) : total).backward();
    }

    private static Tensor leaf(Tensor x) {
        return x.detach().set_requires_grad(true);
    }
}
