package org.dit4j.text;

/// The encoders that come with this library: BERT networks of BAAI's BGE family, version 1.5, in
/// float32 (MIT licence), packed by langchain4j-embeddings. Read from the class path.
public enum TextModel {
    /// Chinese, a character a token, with some English; 4 layers, 512 wide.
    BGE_SMALL_ZH("bge-small-zh-v1.5", 512, true),
    /// English, in which Chinese is mostly unknown; 12 layers, 384 wide.
    BGE_SMALL_EN("bge-small-en-v1.5", 384, false);

    private final String id;
    private final int width;
    private final boolean straightQuotes;

    TextModel(String id, int width, boolean straightQuotes) {
        this.id = id;
        this.width = width;
        this.straightQuotes = straightQuotes;
    }

    /// Returns the name by which its publisher knows it.
    public String id() {
        return id;
    }

    /// Returns the size of a token's state.
    public int width() {
        return width;
    }

    /// Returns whether its vocabulary lacks the curly quotes, so that they must be straightened.
    boolean straightQuotes() {
        return straightQuotes;
    }
}
