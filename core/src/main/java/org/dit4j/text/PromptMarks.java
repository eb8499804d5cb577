package org.dit4j.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the brackets of a prompt: first which belong together, then the text between them. Takes
/// time in proportion to the length, however the brackets are nested.
final class PromptMarks {
    private static final double MORE = 1.1;
    private static final int LONGEST_NUMBER = 16;
    private static final Pattern NUMBER = Pattern.compile(":\\s*(\\d+\\.?\\d*|\\.\\d+)\\s*$");

    private final String prompt;

    /// For a bracket with a partner, where the partner is; otherwise -1.
    private final int[] partner;

    /// For a closing bracket, where the text before it ends: at the colon, if it has a number.
    private final int[] textEnd;

    private final StringBuilder text = new StringBuilder();
    private final List<WeightedText.Span> spans = new ArrayList<>();
    private int spanStart;
    private double spanWeight = 1;

    PromptMarks(String prompt) {
        this.prompt = prompt;
        partner = new int[prompt.length()];
        textEnd = new int[prompt.length()];
        Arrays.fill(partner, -1);
    }

    WeightedText read() {
        match();
        var factors = new ArrayDeque<Double>();
        double weight = 1;
        var end = new ArrayDeque<Integer>();
        for (int i = 0; i < prompt.length(); i++) {
            if (isEscape(i)) {
                append(prompt.charAt(++i), weight);
            } else if (partner[i] > i) {
                factors.push(weight);
                end.push(textEnd[partner[i]]);
                weight *= factor(i, partner[i]);
            } else if (partner[i] >= 0) {
                weight = factors.pop();
                end.pop();
            } else if (end.isEmpty() || i < end.peek()) {
                append(prompt.charAt(i), weight);
            }
        }
        endSpan(1);
        return new WeightedText(text.toString(), spans);
    }

    private void append(char c, double weight) {
        if (weight != spanWeight) {
            endSpan(weight);
        }
        text.append(c);
    }

    private void endSpan(double next) {
        if (spanWeight != 1 && text.length() > spanStart) {
            spans.add(new WeightedText.Span(spanStart, text.length(), spanWeight));
        }
        spanStart = text.length();
        spanWeight = next;
    }

    private double factor(int open, int close) {
        if (prompt.charAt(open) == '[') {
            return 1 / MORE;
        }
        Matcher number = number(close);
        return textEnd[close] < close && number.find() ? Double.parseDouble(number.group(1)) : MORE;
    }

    /// Finds the partner of each bracket. An opening bracket that another kind closes over has
    /// none.
    private void match() {
        var open = new ArrayDeque<Integer>();
        var waiting = new int[128];
        for (int i = 0; i < prompt.length(); i++) {
            char c = prompt.charAt(i);
            if (isEscape(i)) {
                i++;
            } else if (c == '(' || c == '[') {
                open.push(i);
                waiting[c]++;
            } else if (c == ')' || c == ']') {
                char wanted = c == ')' ? '(' : '[';
                if (waiting[wanted] > 0) {
                    join(open, waiting, wanted, i);
                }
            }
        }
    }

    private void join(ArrayDeque<Integer> open, int[] waiting, char wanted, int close) {
        int at;
        do {
            at = open.pop();
            waiting[prompt.charAt(at)]--;
        } while (prompt.charAt(at) != wanted);
        partner[at] = close;
        partner[close] = at;
        textEnd[close] = close;
        if (wanted == '(') {
            Matcher number = number(close);
            if (number.find() && number.start() > at) {
                textEnd[close] = number.start();
            }
        }
    }

    /// Looks for `:1.3` right before the bracket at `close`.
    private Matcher number(int close) {
        return NUMBER.matcher(prompt).region(Math.max(0, close - LONGEST_NUMBER), close);
    }

    private boolean isEscape(int i) {
        return prompt.charAt(i) == '\\'
                && i + 1 < prompt.length()
                && "()[]\\".indexOf(prompt.charAt(i + 1)) >= 0;
    }
}
