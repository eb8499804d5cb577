package org.dit4j.tensor;

import java.util.List;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Type;
import org.jspecify.annotations.Nullable;

/// Calls operators that the Java bindings lack by their name in libtorch's registry.
final class Dispatch {
    private Dispatch() {}

    /// Calls operator `name` with all its arguments in order: tensors, lists of tensors, numbers,
    /// truth values, text, or `null` for "none". The temporaries die with this call, the results
    /// belong to the caller's scope.
    ///
    /// @param overload the part after the dot, empty if there is none
    static IValueVector call(String name, String overload, @Nullable Object... arguments) {
        OperatorHandle op = Dispatcher.singleton().findSchemaOrThrow(name, overload);
        IValueVector stack = new IValueVector();
        for (int i = 0; i < arguments.length; i++) {
            stack.push_back(value(op, i, arguments[i]));
        }
        op.callBoxed(stack);
        return stack;
    }

    /// Returns whether this build of libtorch has the operator.
    static boolean has(String name, String overload) {
        return Dispatcher.singleton().findSchema(new OperatorName(name, overload)).has_value();
    }

    /// Calls an operator that gives one tensor; see [#call].
    ///
    /// @return the tensor, which lives by itself
    static Tensor tensor(String name, @Nullable Object... arguments) {
        try (var stack = call(name, "", arguments)) {
            return new Tensor(stack.get(0).toTensor()); // a member lives as long as the stack
        }
    }

    private static IValue value(OperatorHandle op, int i, @Nullable Object argument) {
        return switch (argument) {
            case null -> new IValue();
            case Tensor t -> new IValue(t);
            case Double d -> new IValue(d.doubleValue());
            case Long l -> new IValue(l.longValue());
            case Boolean b -> new IValue(b.booleanValue());
            case String s -> new IValue(s);
            case List<?> l -> new IValue(list(op, i, l));
            default ->
                    throw new IllegalArgumentException("no operator takes " + argument.getClass());
        };
    }

    private static GenericList list(OperatorHandle op, int i, List<?> elements) {
        Type.TypePtr element =
                op.schema().arguments().getPointer(i).real_type().get().containedType(0);
        GenericList list = new GenericList(element);
        list.reserve(elements.size());
        for (Object e : elements) {
            list.push_back(new IValue((Tensor) e));
        }
        return list;
    }
}
