package org.dit4j.conformance;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dit4j.Dit4jException;
import org.dit4j.data.CenterCrop;
import org.dit4j.data.Picture;

/// The centre crop of `train.py`: `c0.in.image` to `c0.out.image`, uint8 `[H, W, 3]`, to the byte.
final class CenterCropKind implements CaseKind {
    private static final Pattern CALL =
            Pattern.compile("center_crop_arr\\(\\s*\\w+\\s*,\\s*(\\d{1,5})");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("training/center_crop");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String call : c.calls()) {
            Picture picture = Picture.of(c.in(call, "image"));
            Picture crop = CenterCrop.of(picture, size(c.call(call)));
            out.compare(c.named(call, "out.image"), crop.tensor());
        }
    }

    private static int size(String call) {
        Matcher m = CALL.matcher(call);
        if (!m.find()) {
            throw new Dit4jException("no size in the call \"" + call + "\"");
        }
        return Integer.parseInt(m.group(1));
    }
}
