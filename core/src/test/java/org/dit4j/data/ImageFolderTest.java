package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    @TempDir Path folder;
    private final List<String> skipped = new ArrayList<>();
    private final ImageFolder.Listener listener =
            new ImageFolder.Listener() {
                @Override
                public void progress(int done, int total) {}

                @Override
                public void skipped(String reason) {
                    skipped.add(reason);
                }
            };

    @Test
    void subFoldersAreClasses() throws IOException {
        picture("dog/b.png");
        picture("cat/deep/a.png");
        picture("cat/z.JPG.png");
        picture("cat-2/a.png");
        picture(".part/x.png");
        Files.writeString(folder.resolve("manifest.json"), "{}");
        ImageFolder found = ImageFolder.open(folder);
        assertThat(found.classes()).containsExactly("cat", "cat-2", "dog");
        assertThat(found.examples())
                .containsExactly(
                        new ImageFolder.Example("cat-2/a.png", 1),
                        new ImageFolder.Example("cat/deep/a.png", 0),
                        new ImageFolder.Example("cat/z.JPG.png", 0),
                        new ImageFolder.Example("dog/b.png", 2));
    }

    @Test
    void aFlatFolderHasNoClasses() {
        picture("b.png");
        picture("a.png");
        ImageFolder found = ImageFolder.open(folder);
        assertThat(found.classes()).isEmpty();
        assertThat(found.examples().getFirst()).isEqualTo(new ImageFolder.Example("a.png", -1));
    }

    @Test
    void metadataNamesPicturesAndClasses() throws IOException {
        picture("x/a.png");
        picture("x/b.png");
        picture("x/unlisted.png");
        metadata(
                "{\"file_name\": \"x/b.png\", \"label\": \"tiger\", \"text\": \"a tiger\"}",
                "",
                "{\"file_name\": \"x/a.png\", \"label\": \"lion\"}");
        ImageFolder found = ImageFolder.open(folder);
        assertThat(found.classes()).containsExactly("lion", "tiger");
        assertThat(found.examples()).extracting(ImageFolder.Example::label).containsExactly(0, 1);
    }

    @Test
    void metadataWithoutLabelsLeavesTheClassesToTheFolders() throws IOException {
        metadata("{\"file_name\": \"x/a.png\"}", "{\"file_name\": \"y/a.png\"}");
        assertThat(ImageFolder.open(folder).classes()).containsExactly("x", "y");
    }

    @Test
    void badMetadataIsOneLineWithItsPlace() throws IOException {
        String where = folder.resolve("metadata.jsonl") + ", line 2: ";
        refuses(where + "this is not JSON", "{\"file_name\": ");
        refuses(where + "there is no file_name", "{\"text\": \"a\"}");
        refuses(where + "../a.png is not inside the folder", "{\"file_name\": \"../a.png\"}");
        refuses(where + "/etc/a.png is not inside the folder", "{\"file_name\": \"/etc/a.png\"}");
        refuses(where + "ok.png is listed twice", "{\"file_name\": \"ok.png\"}");
        refuses(
                where + "label must be a text or a whole number but is [1]",
                "{\"file_name\": \"b.png\", \"label\": [1]}");
        refuses(
                folder + ": 1 pictures have no class but the others have one",
                "{\"file_name\": \"b.png\", \"label\": \"b\"}");
    }

    private void refuses(String message, String secondLine) throws IOException {
        metadata("{\"file_name\": \"ok.png\"}", secondLine);
        assertThatThrownBy(() -> ImageFolder.open(folder))
                .isInstanceOf(DataException.class)
                .hasMessage(message);
    }

    @Test
    void anEmptyOrMissingFolderIsOneLine() {
        assertThatThrownBy(() -> ImageFolder.open(folder))
                .isInstanceOf(DataException.class)
                .hasMessage("there are no pictures in " + folder);
        assertThatThrownBy(() -> ImageFolder.open(folder.resolve("none")))
                .isInstanceOf(DataException.class)
                .hasMessage("there is no folder " + folder.resolve("none"));
    }

    @Test
    void everyNthPictureIsHeldOut() {
        for (int i = 0; i < 10; i++) {
            picture(i + ".png");
        }
        ImageFolder all = ImageFolder.open(folder);
        var rule = new HoldOut(0.3);
        assertThat(all.heldOut(rule).examples())
                .extracting(ImageFolder.Example::file)
                .containsExactly("2.png", "5.png", "8.png");
        assertThat(all.training(rule).examples())
                .hasSize(7)
                .doesNotContainAnyElementsOf(all.heldOut(rule).examples());
        assertThat(all.training(new HoldOut(0))).isEqualTo(all);
        assertThatThrownBy(() -> all.heldOut(new HoldOut(0)))
                .isInstanceOf(DataException.class)
                .hasMessage(folder + ": with hold_out 0.0 no picture is held out");
        assertThatThrownBy(() -> new HoldOut(0.9))
                .isInstanceOf(ConfigException.class)
                .hasMessage("hold_out must be 0 to 0.5 but is 0.9");
    }

    @Test
    void picturesAreReadIntoOneTensor() {
        Picture a = picture("a/1.png");
        Picture b = picture("b/2.png");
        try (var _ = TensorScope.open();
                PictureSet set = ImageFolder.open(folder).read(6, listener)) {
            assertThat(org.dit4j.tensor.Shapes.of(set.bytes())).containsExactly(2, 3, 6, 6);
            assertThat(set.label(1)).isEqualTo(1);
            float[] x = Tensors.floats(set.batch(new int[] {1, 0}));
            int red = CenterCrop.of(b, 6).value(2, 1, 0);
            int blue = CenterCrop.of(a, 6).value(5, 5, 2);
            assertThat(x[6 + 2]).isCloseTo(red / 127.5f - 1, offset());
            assertThat(x[x.length - 1]).isCloseTo(blue / 127.5f - 1, offset());
            long before = Ops.liveObjects();
            for (int i = 0; i < 3; i++) {
                set.batch(new int[] {0}).close();
            }
            assertThat(Ops.liveObjects()).isEqualTo(before);
        }
    }

    private static org.assertj.core.data.Offset<Float> offset() {
        return org.assertj.core.data.Offset.offset(1e-6f);
    }

    @Test
    void damagedPicturesAreReportedByNameAndLeftOut() throws IOException {
        picture("a/1.png");
        Files.writeString(folder.resolve("a/2.png"), "damaged");
        picture("b/3.png");
        try (PictureSet set = ImageFolder.open(folder).read(6, listener)) {
            assertThat(set.size()).isEqualTo(2);
            assertThat(set.examples())
                    .extracting(ImageFolder.Example::file)
                    .containsExactly("a/1.png", "b/3.png");
            assertThat(set.bytes().size(0)).isEqualTo(2);
        }
        assertThat(skipped)
                .singleElement()
                .asString()
                .startsWith(folder.resolve("a/2.png").toString());
    }

    @Test
    void aFolderWithDamagedPicturesOnlyIsAnError() throws IOException {
        Files.writeString(folder.resolve("2.png"), "damaged");
        ImageFolder found = ImageFolder.open(folder);
        assertThatThrownBy(() -> found.read(6, listener))
                .isInstanceOf(DataException.class)
                .hasMessage("none of the 1 pictures in " + folder + " can be read");
    }

    private Picture picture(String name) {
        Picture p = PictureFileTest.noise(8 + name.length(), 9);
        PictureFile.write(folder.resolve(name), p);
        return p;
    }

    private void metadata(String... lines) throws IOException {
        Files.write(folder.resolve("metadata.jsonl"), List.of(lines));
    }
}
