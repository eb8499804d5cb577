package org.dit4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    @TempDir private Path classes;

    @Test
    void theJavaOfTheReadmeCompiles() throws IOException {
        String readme = Files.readString(Path.of("..", "README.md"));
        var block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(readme);
        assertThat(block.find()).isTrue();
        String body =
                block.group(1)
                        .lines()
                        .filter(line -> !line.startsWith("import "))
                        .reduce("", (a, b) -> a + b + "\n");
        String imports =
                block.group(1)
                        .lines()
                        .filter(line -> line.startsWith("import "))
                        .reduce("", (a, b) -> a + b + "\n");
        String source =
                imports + "class Example { static void run() throws Exception {\n" + body + "}}";
        var problems = new StringWriter();
        var compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
        boolean compiled =
                compiler.getTask(
                                problems,
                                null,
                                null,
                                List.of(
                                        "-d",
                                        classes.toString(),
                                        "-cp",
                                        System.getProperty("java.class.path")),
                                null,
                                List.of(new Text(source)))
                        .call();
        assertThat(compiled).as(problems.toString()).isTrue();
    }

    private static final class Text extends SimpleJavaFileObject {
        private final String source;

        Text(String source) {
            super(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE);
            this.source = source;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
        }
    }
}
