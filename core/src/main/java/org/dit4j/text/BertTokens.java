package org.dit4j.text;

/// The tokens of a text, `[CLS]` and `[SEP]` included, cut to what the encoder takes.
///
/// @param ids numbers in the vocabulary
/// @param starts index of the first `char` of each token; 0 for tokens that stand for no text
/// @param ends index after the last `char` of each token; 0 for tokens that stand for no text
/// @param given number of tokens before the cut
record BertTokens(long[] ids, int[] starts, int[] ends, int given) {
    /// Returns the weight of each token: the mean of those of its characters, 1 if it has none.
    double[] weights(WeightedText text) {
        double[] characters = text.weights();
        var weights = new double[ids.length];
        for (int i = 0; i < ids.length; i++) {
            double sum = 0;
            for (int c = starts[i]; c < ends[i]; c++) {
                sum += characters[c];
            }
            weights[i] = ends[i] > starts[i] ? sum / (ends[i] - starts[i]) : 1;
        }
        return weights;
    }
}
