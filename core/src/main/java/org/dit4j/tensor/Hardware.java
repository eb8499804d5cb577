package org.dit4j.tensor;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/// What this machine's processor can do, where the answer decides between two right ways.
///
/// Decided by what the processor says of itself and not by timing, so that the same machine always
/// takes the same way and gives the same bits.
public final class Hardware {
    private static final List<String> CPU_INFO = cpuInfo();
    private static final Set<String> FEATURES = features(CPU_INFO);

    private Hardware() {}

    /// Returns whether bfloat16 matrix products are faster than float32 on this machine's CPU: the
    /// processor multiplies them natively (AVX-512 BF16, AMX, arm64 BF16) where others emulate
    /// them, several times slower.
    public static boolean fastBf16() {
        return has("avx512_bf16", "amx_bf16", "bf16");
    }

    /// Returns whether products of 8-bit whole numbers are faster than those of bfloat16 and exact
    /// here: the processor adds four of them at once into 32 bits (VNNI). Older x86 processors add
    /// two into 16 bits, which may overflow.
    public static boolean hasInt8Products() {
        return has("avx512_vnni", "avx_vnni");
    }

    /// Looks up what is needed of the native libraries. To be called before another thread loads
    /// any: the look-up and the loading may otherwise wait for each other forever.
    public static void prepare() {
        Blas.prepare();
    }

    /// Returns whether the processor has tiles for bfloat16 (AMX), which libtorch's fused attention
    /// needs to be fast in this type.
    static boolean hasBf16Tiles() {
        return has("amx_bf16");
    }

    /// Returns the processor's name or architecture, the number of libtorch's threads, and the
    /// device if it is another one, for reports.
    public static String describe(Device device) {
        String cpu = "%s, %d threads".formatted(name(CPU_INFO), Ops.threads());
        return device.equals(Device.CPU) ? cpu : cpu + ", " + device;
    }

    /// Returns how many bytes programs can still take without swapping (Linux: `MemAvailable` in
    /// `proc(5)`; elsewhere what is free).
    public static long freeMemory() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(l -> l.startsWith("MemAvailable:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElseGet(Hardware::unusedMemory);
        } catch (IOException e) {
            return unusedMemory();
        }
    }

    private static long unusedMemory() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getFreeMemorySize();
    }

    private static boolean has(String... names) {
        return Stream.of(names).anyMatch(FEATURES::contains);
    }

    /// The name and the widest instructions that matter here.
    private static String name(List<String> cpuInfo) {
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String model =
                cpuInfo.stream()
                        .filter(l -> l.startsWith("model name"))
                        .map(l -> l.substring(l.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse("");
        String vectors =
                Stream.of("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "bf16")
                        .filter(FEATURES::contains)
                        .reduce("", (a, b) -> a + " " + b);
        return (model.isEmpty() ? arch : model) + vectors;
    }

    /// The flags of the first processor: `flags` on x86, `Features` on arm64 (Linux, `proc(5)`).
    /// Other systems have no such file and take the ways that are right everywhere.
    private static Set<String> features(List<String> cpuInfo) {
        return cpuInfo.stream()
                .filter(l -> l.startsWith("flags") || l.startsWith("Features"))
                .findFirst()
                .map(l -> Set.of(l.substring(l.indexOf(':') + 1).strip().split("\\s+")))
                .orElse(Set.of());
    }

    private static List<String> cpuInfo() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.takeWhile(l -> !l.isBlank()).toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
