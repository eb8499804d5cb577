package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;

/// Which steps of a long process a short one visits (DiT, `diffusion/respace.py`,
/// `space_timesteps`).
public final class Respacing {
    private Respacing() {}

    /// Returns the visited steps in increasing order.
    ///
    /// @param steps length of the original process
    /// @param sections a number; or several separated by commas, one for each of as many equal
    ///   sections; or `ddimN`: N steps with one whole stride (Song et al. 2021); or nothing: all
    /// @throws ConfigException if that many steps cannot be taken, or the text is none of these
    public static int[] space(int steps, String sections) {
        ConfigException.require(steps >= 1, "steps must be at least 1, not %d", steps);
        String text = sections.strip();
        if (text.isEmpty()) {
            return IntStream.range(0, steps).toArray();
        }
        if (text.startsWith("ddim")) {
            return strided(steps, number(text.substring(4), sections));
        }
        int[] counts =
                Arrays.stream(text.split(",", -1)).mapToInt(n -> number(n, sections)).toArray();
        var taken = new TreeSet<Integer>();
        int start = 0;
        for (int i = 0; i < counts.length; i++) {
            int size = steps / counts.length + (i < steps % counts.length ? 1 : 0);
            take(taken, start, size, counts[i]);
            start += size;
        }
        ConfigException.require(!taken.isEmpty(), "respacing %s leaves no step", sections);
        return taken.stream().mapToInt(t -> t).toArray();
    }

    private static int[] strided(int steps, int wanted) {
        for (int stride = 1; stride < Math.max(2, steps); stride++) {
            if ((steps + stride - 1) / stride == wanted) {
                int by = stride;
                return IntStream.range(0, wanted).map(i -> i * by).toArray();
            }
        }
        throw new ConfigException(
                "no whole stride takes exactly %d of %d steps".formatted(wanted, steps));
    }

    /// Adds `count` steps of a section, evenly spread from its first to its last.
    private static void take(Set<Integer> taken, int start, int size, int count) {
        ConfigException.require(
                count <= size, "cannot take %d steps of a section of %d", count, size);
        double stride = count <= 1 ? 1 : (size - 1.0) / (count - 1);
        double at = 0; // summed up, not multiplied: ties round as in the original
        for (int i = 0; i < count; i++) {
            taken.add(start + (int) Math.rint(at));
            at += stride;
        }
    }

    private static int number(String text, String sections) {
        ConfigException.require(
                text.strip().matches("\\d{1,9}"),
                "respacing must be like 250, 10,15,20 or ddim50 but is %s",
                sections);
        return Integer.parseInt(text.strip());
    }
}
