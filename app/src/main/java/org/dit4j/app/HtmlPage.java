package org.dit4j.app;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;

/// A page in one file: pictures are inside it, and it needs no network and no script. All texts are
/// escaped here and nowhere else.
final class HtmlPage {
    private static final String STYLE =
            """
            body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
            h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
            table { border-collapse: collapse; } td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: left; }
            td + td, th + th { text-align: right; font-variant-numeric: tabular-nums; }
            .cards { display: flex; flex-wrap: wrap; gap: .5rem; }
            figure { margin: 0; padding: .4rem; width: 9.6rem; border: 1px solid #ccc; border-left-width: 5px; border-radius: 4px; }
            figure img { width: 4.5rem; height: 4.5rem; object-fit: contain; }
            figcaption { font-size: .78rem; overflow-wrap: anywhere; }
            .right { border-left-color: #2a8a3a; } .wrong { border-left-color: #c43a2e; }
            .found { color: #666; } .wide { max-width: 100%; }
            """;

    private final StringBuilder body = new StringBuilder();
    private final String title;

    HtmlPage(String title) {
        this.title = title;
        body.append("<h1>").append(escape(title)).append("</h1>\n");
    }

    /// Returns a text as it may stand between tags and in attributes.
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    void heading(String text) {
        body.append("<h2>").append(escape(text)).append("</h2>\n");
    }

    void paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
    }

    /// Adds a table.
    ///
    /// @param head titles of the columns, none for a table without
    void table(List<String> head, List<List<String>> rows) {
        body.append("<table>\n");
        if (!head.isEmpty()) {
            row("th", head);
        }
        rows.forEach(row -> row("td", row));
        body.append("</table>\n");
    }

    private void row(String tag, List<String> cells) {
        body.append("<tr>");
        for (String cell : cells) {
            body.append('<').append(tag).append('>').append(escape(cell));
            body.append("</").append(tag).append('>');
        }
        body.append("</tr>\n");
    }

    /// Adds pictures side by side, each beside another one, with a word on whether it is right.
    void cards(List<EvaluationPage.Card> cards) {
        body.append("<div class=\"cards\">\n");
        for (EvaluationPage.Card card : cards) {
            String mark = card.right() ? "right" : "wrong";
            body.append("<figure class=\"").append(mark).append("\">");
            image(PictureFile.encode(card.made(), Map.of()), "generated: " + card.prompt(), "");
            image(PictureFile.encode(card.beside(), Map.of()), "found: " + card.found(), "");
            body.append("<figcaption>").append(escape(card.prompt()));
            body.append("<br><span class=\"found\">").append(card.right() ? "✓ " : "✗ ");
            body.append(escape(card.found())).append("</span></figcaption></figure>\n");
        }
        body.append("</div>\n");
    }

    void picture(Picture picture, String text) {
        image(PictureFile.encode(picture, Map.of()), text, "wide");
    }

    void picture(BufferedImage picture, String text) {
        try {
            var png = new ByteArrayOutputStream();
            ImageIO.write(picture, "png", png);
            image(png.toByteArray(), text, "wide");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void image(byte[] png, String text, String kind) {
        body.append("<img class=\"").append(kind).append("\" alt=\"").append(escape(text));
        body.append("\" src=\"data:image/png;base64,");
        body.append(Base64.getEncoder().encodeToString(png)).append("\">\n");
    }

    void write(Path file) {
        String html =
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>\n<style>%s</style></head>\n<body>\n%s</body></html>\n"
                        .formatted(escape(title), STYLE, body);
        AtomicFile.writeStream(file, out -> out.write(html.getBytes(StandardCharsets.UTF_8)));
    }
}
