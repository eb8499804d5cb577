package org.dit4j.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// How the tensors of one layout of a checkpoint are called, joined and shared in another, as data.
///
/// In a name, `{}` stands for a number and a final `*` for the rest. Names that no rule knows stay
/// as they are, for strict loading to report.
///
/// ```java
/// KeyMap.of(
///         KeyMap.rename("pos_embed.proj.*", "x_embedder.proj.*"),
///         KeyMap.join("blocks.{}.qkv.*", "blocks.{}.to_q.*", "blocks.{}.to_k.*"))
/// ```
///
/// @param rules the first that knows a name is used
public record KeyMap(List<Rule> rules) {
    /// One rule.
    public sealed interface Rule {
        /// Returns the rule of the way back.
        Rule inverse();
    }

    /// Another name.
    record Rename(String from, String to) implements Rule {
        @Override
        public Rule inverse() {
            return new Rename(to, from);
        }
    }

    /// Several tensors one after the other along the first axis become one.
    record Join(List<String> from, List<Integer> shares, String to) implements Rule {
        @Override
        public Rule inverse() {
            return new Split(to, from, shares);
        }
    }

    /// One tensor becomes several parts along the first axis.
    record Split(String from, List<String> to, List<Integer> shares) implements Rule {
        @Override
        public Rule inverse() {
            return new Join(to, shares, from);
        }
    }

    /// One tensor is used at the places 0 to `count - 1`, each with a copy.
    record Share(String from, String to, int count) implements Rule {
        @Override
        public Rule inverse() {
            return new Unshare(to, from, count);
        }
    }

    /// Equal copies become one tensor.
    record Unshare(String from, String to, int count) implements Rule {
        @Override
        public Rule inverse() {
            return new Share(to, from, count);
        }
    }

    /// Copies the list.
    public KeyMap {
        rules = List.copyOf(rules);
    }

    /// Returns the map of these rules.
    public static KeyMap of(Rule... rules) {
        return new KeyMap(Arrays.asList(rules));
    }

    /// Returns the rule of another name.
    public static Rule rename(String from, String to) {
        return new Rename(from, to);
    }

    /// Returns the rule that joins `from`, in this order, along the first axis. All have the same
    /// length there.
    public static Rule join(String to, String... from) {
        return new Join(List.of(from), Collections.nCopies(from.length, 1), to);
    }

    /// Returns the rule that joins tensors, in the order of the map, along the first axis.
    ///
    /// @param from how many shares of the whole length each has
    public static Rule joinShares(String to, SequencedMap<String, Integer> from) {
        return new Join(List.copyOf(from.keySet()), List.copyOf(from.values()), to);
    }

    /// Returns the rule that gives a copy to each of `count` places.
    ///
    /// @param to has one `{}` for the place
    public static Rule share(String from, String to, int count) {
        return new Share(from, to, count);
    }

    /// Returns the map of the way back.
    public KeyMap inverse() {
        return new KeyMap(rules.stream().map(Rule::inverse).toList());
    }

    /// Returns the tensors of `dict` in the other layout. The result takes `dict` over: closing it
    /// closes the file. Tensors are joined and split when they are read.
    ///
    /// @throws CheckpointException if a part of a joined tensor or a copy of a shared one is
    ///   missing, or two tensors come to have one name
    public StateDict apply(StateDict dict) {
        var target = new Target(dict);
        dict.names().forEach(name -> target.put(rules, name));
        return dict.replaced(target.items, this::apply);
    }

    /// The other layout while it is made.
    private static final class Target {
        private final StateDict dict;
        private final Map<String, StateDict.Item> items = new LinkedHashMap<>();

        Target(StateDict dict) {
            this.dict = dict;
        }

        void put(List<Rule> rules, String name) {
            for (Rule rule : rules) {
                if (put(rule, name)) {
                    return;
                }
            }
            add(name, dict.item(name));
        }

        private boolean put(Rule rule, String name) {
            return switch (rule) {
                case Rename r ->
                        match(r.from, name).map(g -> add(fill(r.to, g), item(name))).isPresent();
                case Join r -> r.from.stream().anyMatch(part -> join(r, part, name));
                case Split r -> match(r.from, name).map(g -> split(r, g, name)).isPresent();
                case Share r -> match(r.from, name).map(g -> share(r, g, name)).isPresent();
                case Unshare r -> match(r.from, name).map(g -> unshare(r, g)).isPresent();
            };
        }

        private boolean join(Join rule, String part, String name) {
            Optional<List<String>> groups = match(part, name);
            groups.ifPresent(g -> {
                String to = fill(rule.to, g);
                if (!items.containsKey(to)) {
                    add(
                            to,
                            DerivedItems.Joined.of(
                                    to, rule.from.stream().map(f -> item(fill(f, g))).toList()));
                }
            });
            return groups.isPresent();
        }

        private boolean split(Split rule, List<String> groups, String name) {
            int all = rule.shares.stream().mapToInt(n -> n).sum();
            int at = 0;
            for (int i = 0; i < rule.to.size(); i++) {
                int own = rule.shares.get(i);
                add(
                        fill(rule.to.get(i), groups),
                        new DerivedItems.Part(name, item(name), at, own, all));
                at += own;
            }
            return true;
        }

        private boolean share(Share rule, List<String> groups, String name) {
            for (int i = 0; i < rule.count; i++) {
                add(fill(rule.to, at(i, groups)), item(name));
            }
            return true;
        }

        private boolean unshare(Unshare rule, List<String> groups) {
            List<String> rest = groups.subList(1, groups.size());
            String to = fill(rule.to, rest);
            if (!items.containsKey(to)) {
                add(
                        to,
                        new DerivedItems.Copies(
                                to,
                                IntStream.range(0, rule.count)
                                        .mapToObj(i -> item(fill(rule.from, at(i, rest))))
                                        .toList()));
            }
            return true;
        }

        private static List<String> at(int i, List<String> rest) {
            var groups = new ArrayList<String>();
            groups.add(String.valueOf(i));
            groups.addAll(rest);
            return groups;
        }

        private StateDict.Item item(String name) {
            return dict.item(name);
        }

        private boolean add(String name, StateDict.Item item) {
            if (items.put(name, item) != null) {
                throw new CheckpointException(
                        "%s: two tensors are %s".formatted(dict.file(), name));
            }
            return true;
        }
    }

    /// Returns what the placeholders of `pattern` stand for in `name`.
    private static Optional<List<String>> match(String pattern, String name) {
        String regex =
                Pattern.quote(pattern).replace("{}", "\\E(\\d+)\\Q").replace("*", "\\E(.+)\\Q");
        Matcher m = Pattern.compile(regex).matcher(name);
        return m.matches()
                ? Optional.of(IntStream.rangeClosed(1, m.groupCount()).mapToObj(m::group).toList())
                : Optional.empty();
    }

    private static String fill(String pattern, List<String> groups) {
        String name = pattern;
        for (String group : groups) {
            int at = name.indexOf("{}");
            name =
                    at < 0
                            ? name.replace("*", group)
                            : name.substring(0, at) + group + name.substring(at + 2);
        }
        return name;
    }
}
