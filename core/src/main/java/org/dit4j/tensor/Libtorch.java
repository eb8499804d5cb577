package org.dit4j.tensor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;

/// Which libtorch computes: the one that Maven brings, or an installed one, such as `torch/lib` of
/// a Python wheel or of a CUDA build.
///
/// The bindings were made from the headers of one version, and libtorch's C++ interface changes
/// with each, so an installed one must have the same first two numbers.
public final class Libtorch {
    /// The environment variable that names the folder for the command line.
    public static final String VARIABLE = "DIT4J_LIBTORCH";

    // where an installation says its version: the folder above lib of libtorch's archive; Python's
    // package; the headers of both
    private static final List<String> VERSION_FILES =
            List.of("build-version", "version.py", "include/torch/headeronly/version.h");
    private static final Pattern VERSION =
            Pattern.compile(
                    "(?m)^(?:__version__ = ['\"]|#define TORCH_VERSION \"|)(\\d+\\.\\d+)\\.\\d+");
    private static final int LONGEST_VERSION_FILE = 1 << 16;

    private Libtorch() {}

    /// Computes with the libtorch in the folder that `DIT4J_LIBTORCH` names, if it names one.
    ///
    /// @throws ConfigException as [#use]
    public static void useFromEnvironment() {
        String folder = System.getenv(VARIABLE);
        if (folder != null && !folder.isBlank()) {
            use(Path.of(folder));
        }
    }

    /// Computes with the libtorch in `folder` from now on. To be called before anything else of
    /// this library: natives are loaded once.
    ///
    /// @param folder holds `libtorch_cpu` and `libc10`, and those of CUDA for a CUDA build
    /// @throws ConfigException if there is none, its version cannot be told or is not the one the
    ///   bindings were made for, it does not load, or another one was loaded before
    public static void use(Path folder) {
        Path cpu = library(folder, "torch_cpu").orElseThrow(() -> missing(folder, "torch_cpu"));
        requireVersion(folder);
        System.setProperty("org.bytedeco.javacpp.pathsFirst", "true");
        System.setProperty(
                "org.bytedeco.javacpp.platform.preloadpath", folder.toAbsolutePath().toString());
        try {
            Loader.load(Tensor.class);
            // the bundled bindings do not ask for CUDA; its libraries register themselves
            Stream.of("c10_cuda", "torch_cuda")
                    .flatMap(name -> library(folder, name).stream())
                    .forEach(file -> System.load(file.toAbsolutePath().toString()));
        } catch (LinkageError e) {
            throw new ConfigException(
                    "the libtorch in %s does not load: %s"
                            .formatted(folder, innermost(e).getMessage()),
                    e);
        }
        requireLoaded(cpu);
    }

    private static Throwable innermost(Throwable e) {
        return e.getCause() == null ? e : innermost(e.getCause());
    }

    private static Optional<Path> library(Path folder, String name) {
        return Stream.of("lib%s.so", "lib%s.dylib", "%s.dll")
                .map(pattern -> folder.resolve(pattern.formatted(name)))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static ConfigException missing(Path folder, String name) {
        return new ConfigException(
                "%s must be a folder with libtorch's libraries, but %s has no %s: for a Python wheel it is .../site-packages/torch/lib"
                        .formatted(VARIABLE, folder, System.mapLibraryName(name)));
    }

    private static void requireVersion(Path folder) {
        String wanted = twoNumbers(bindingsVersion());
        Path above = folder.toAbsolutePath().normalize().getParent();
        String found =
                VERSION_FILES.stream()
                        .map(file -> above == null ? folder : above.resolve(file))
                        .filter(Files::isRegularFile)
                        .map(Libtorch::read)
                        .map(VERSION::matcher)
                        .filter(Matcher::find)
                        .map(version -> version.group(1))
                        .findFirst()
                        .orElseThrow(() ->
                                new ConfigException(
                                        "cannot tell the version of the libtorch in %s: none of %s beside the folder says it, wanted %s"
                                                .formatted(folder, VERSION_FILES, wanted)));
        ConfigException.require(
                found.equals(wanted),
                "the libtorch in %s has version %s, wanted %s, which the bindings were made for",
                folder,
                found,
                wanted);
    }

    private static String read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(LONGEST_VERSION_FILE), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ConfigException("cannot read %s: %s".formatted(file, e.getMessage()), e);
        }
    }

    /// Returns the version of the bindings, such as `2.10.0-1.5.13`: libtorch's, then JavaCPP's.
    static String bindingsVersion() {
        var properties = new Properties();
        try (InputStream in =
                Tensor.class
                        .getClassLoader()
                        .getResourceAsStream(
                                "META-INF/maven/org.bytedeco/pytorch/pom.properties")) {
            if (in == null) {
                throw new IllegalStateException("the bindings do not say their version");
            }
            properties.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("the bindings do not say their version", e);
        }
        return properties.getProperty("version", "");
    }

    private static String twoNumbers(String version) {
        String[] numbers = version.split("\\.");
        return numbers[0] + "." + numbers[1];
    }

    private static void requireLoaded(Path cpu) {
        String loaded = Loader.getLoadedLibraries().getOrDefault("torch_cpu", "none");
        ConfigException.require(
                loaded.equals(cpu.toAbsolutePath().toString()),
                "cannot use %s, loaded is %s: the file is broken, or something was computed before the folder was named",
                cpu,
                loaded);
    }
}
