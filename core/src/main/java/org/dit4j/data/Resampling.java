package org.dit4j.data;

/// Changes the size of pictures as Pillow does (`src/libImaging/Resample.c`): a separable filter
/// that widens with the reduction, rows first, each of the two passes in fixed point of 22 bits and
/// rounded to 8 bits.
public enum Resampling {
    /// The mean of the covered pixels.
    BOX(0.5) {
        @Override
        double weight(double x) {
            return x > -0.5 && x <= 0.5 ? 1 : 0;
        }
    },
    /// A triangle.
    BILINEAR(1) {
        @Override
        double weight(double x) {
            return Math.max(0, 1 - Math.abs(x));
        }
    },
    /// The cubic convolution of Keys 1981 with a = -1/2.
    BICUBIC(2) {
        @Override
        double weight(double x) {
            double a = -0.5;
            double d = Math.abs(x);
            if (d < 1) {
                return ((a + 2) * d - (a + 3)) * d * d + 1;
            }
            return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
        }
    },
    /// A sinc windowed by a sinc of three times its width.
    LANCZOS(3) {
        @Override
        double weight(double x) {
            return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
        }
    };

    private static final int BITS = 22;

    private final double support;

    Resampling(double support) {
        this.support = support;
    }

    /// Returns the filter at distance `x`, in pixels.
    abstract double weight(double x);

    /// Returns the picture in another size; the same picture if it has that size.
    ///
    /// @throws org.dit4j.tensor.ShapeException if the size is out of bounds
    public Picture resize(Picture picture, int width, int height) {
        Picture.requireSize(width, height);
        int w = picture.width();
        int h = picture.height();
        byte[] rgb = picture.bytes();
        if (w != width) {
            rgb = pass(rgb, filters(w, width), h, w * 3, 3, width * 3, 3);
        }
        if (h != height) {
            rgb = pass(rgb, filters(h, height), width, 3, width * 3, 3, width * 3);
        }
        return rgb == picture.bytes() ? picture : Picture.wrap(width, height, rgb);
    }

    /// The pixels from `start` on and their weights.
    private record Filter(int start, int[] weights) {}

    private Filter[] filters(int from, int to) {
        double scale = (double) from / to;
        double stretch = Math.max(1, scale);
        var filters = new Filter[to];
        for (int i = 0; i < to; i++) {
            double center = (i + 0.5) * scale;
            int start = Math.max(0, (int) (center - support * stretch + 0.5));
            int end = Math.min(from, (int) (center + support * stretch + 0.5));
            filters[i] = new Filter(start, weights(start - center + 0.5, end - start, stretch));
        }
        return filters;
    }

    private int[] weights(double first, int n, double stretch) {
        var exact = new double[n];
        double sum = 0;
        for (int j = 0; j < n; j++) {
            exact[j] = weight((first + j) * (1 / stretch));
            sum += exact[j];
        }
        var fixed = new int[n];
        for (int j = 0; j < n; j++) {
            double k = (sum == 0 ? exact[j] : exact[j] / sum) * (1 << BITS);
            fixed[j] = (int) (k < 0 ? k - 0.5 : k + 0.5);
        }
        return fixed;
    }

    /// Filters along one axis: `lines` lines that stand `line` bytes apart, whose pixels stand
    /// `step` bytes apart, in the given picture and (`toLine`, `toStep`) in the new one.
    private static byte[] pass(
            byte[] from, Filter[] filters, int lines, int line, int step, int toLine, int toStep) {
        var to = new byte[Math.multiplyExact(3 * filters.length, lines)];
        for (int l = 0; l < lines; l++) {
            for (int i = 0; i < filters.length; i++) {
                Filter filter = filters[i];
                for (int c = 0; c < 3; c++) {
                    int sum = 1 << (BITS - 1);
                    int at = l * line + filter.start * step + c;
                    for (int weight : filter.weights) {
                        sum += (from[at] & 0xff) * weight;
                        at += step;
                    }
                    to[l * toLine + i * toStep + c] = (byte) Math.clamp(sum >> BITS, 0, 255);
                }
            }
        }
        return to;
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
    }
}
