"""What a step computes, as a graph of expressions.

A step is called once with symbols instead of arrays; each operation on them adds a node. Equal
nodes are one node, so that common subexpressions cost nothing, and what can be said more simply is
simplified as it is made. Truth values are nodes of their own kind: they choose in `where`, and
count as 0 or 1 in arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal
from weakref import WeakValueDictionary

Operation = Literal[
    "input", "number",
    "add", "sub", "mul", "div", "neg", "exp", "sqrt", "abs",
    "where", "ge", "gt", "le", "lt", "and", "or", "not", "real",
    "spike", "straight", "detach",
]  # fmt: skip
TRUTHS = frozenset({"ge", "gt", "le", "lt", "and", "or", "not"})
COMMUTATIVE = frozenset({"add", "mul", "and", "or"})


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Expression:
    """One value of a step: an input, a number, or an operation on other values.

    Attributes:
        operation: What is done.
        arguments: To what.
        detail: An input's name, a number's value, or a spike's surrogate.
    """

    operation: Operation
    arguments: tuple[Expression, ...] = ()
    detail: Any = None

    @property
    def is_truth(self) -> bool:
        """Whether it is true or false instead of a number."""
        return self.operation in TRUTHS

    def __add__(self, other: Operand) -> Expression:
        return add(self, other)

    def __radd__(self, other: Operand) -> Expression:
        return add(other, self)

    def __sub__(self, other: Operand) -> Expression:
        return subtract(self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return subtract(other, self)

    def __mul__(self, other: Operand) -> Expression:
        return multiply(self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return multiply(other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return divide(self, other)

    def __rtruediv__(self, other: Operand) -> Expression:
        return divide(other, self)

    def __neg__(self) -> Expression:
        return negative(self)

    def __abs__(self) -> Expression:
        return make("abs", number_of(self))

    def __ge__(self, other: Operand) -> Expression:
        return make("ge", number_of(self), number_of(other))

    def __gt__(self, other: Operand) -> Expression:
        return make("gt", number_of(self), number_of(other))

    def __le__(self, other: Operand) -> Expression:
        return make("le", number_of(self), number_of(other))

    def __lt__(self, other: Operand) -> Expression:
        return make("lt", number_of(self), number_of(other))

    def __and__(self, other: Expression) -> Expression:
        return make("and", truth_of(self), truth_of(other))

    def __or__(self, other: Expression) -> Expression:
        return make("or", truth_of(self), truth_of(other))

    def __invert__(self) -> Expression:
        return make("not", truth_of(self))

    def __bool__(self) -> bool:
        raise TypeError("a step cannot branch on its arrays; choose with where(condition, a, b)")


Operand = Expression | float

_known: WeakValueDictionary[tuple[Any, ...], Expression] = WeakValueDictionary()


def make(operation: Operation, *arguments: Expression, detail: Any = None) -> Expression:
    """Return the one node that does this."""
    identities = [id(argument) for argument in arguments]
    key = (operation, *(sorted(identities) if operation in COMMUTATIVE else identities), detail)
    found = _known.get(key)
    if found is None:
        found = _known[key] = Expression(operation, arguments, detail)
    return found


def symbol(name: str) -> Expression:
    """Return an input: the step's input, a state or a parameter."""
    return make("input", detail=name)


def number(value: float) -> Expression:
    """Return a constant."""
    return make("number", detail=float(value))


def number_of(value: Operand) -> Expression:
    """Return a value to calculate with; a truth value becomes 0 or 1."""
    if not isinstance(value, Expression):
        return number(value)
    return make("real", value) if value.is_truth else value


def truth_of(value: Expression) -> Expression:
    """Return a truth value.

    Raises:
        TypeError: If it is a number.
    """
    if not isinstance(value, Expression) or not value.is_truth:
        raise TypeError("&, | and ~ join comparisons; compare the number first")
    return value


def constant(value: Expression) -> float | None:
    """Return the value of a constant, None for all else."""
    return value.detail if value.operation == "number" else None


def _on_numbers(
    fold: Callable[[float, float], float],
) -> Callable[[Callable[..., Expression]], Callable[[Operand, Operand], Expression]]:
    """Make a rule take any operands, and calculate at once where both are constants."""

    def decorate(rule: Callable[..., Expression]) -> Callable[[Operand, Operand], Expression]:
        @wraps(rule)
        def apply(a: Operand, b: Operand) -> Expression:
            a, b = number_of(a), number_of(b)
            first, second = constant(a), constant(b)
            if first is not None and second is not None and not (rule is divide and second == 0):
                return number(fold(first, second))
            return rule(a, b)

        return apply

    return decorate


@_on_numbers(lambda a, b: a + b)
def add(a: Expression, b: Expression) -> Expression:
    """Return a + b."""
    if constant(a) == 0:
        return b
    if constant(b) == 0:
        return a
    if b.operation == "neg":
        return subtract(a, b.arguments[0])
    if a.operation == "neg":
        return subtract(b, a.arguments[0])
    return make("add", a, b)


@_on_numbers(lambda a, b: a - b)
def subtract(a: Expression, b: Expression) -> Expression:
    """Return a - b."""
    if constant(b) == 0:
        return a
    if constant(a) == 0:
        return negative(b)
    if b.operation == "neg":
        return add(a, b.arguments[0])
    return make("sub", a, b)


@_on_numbers(lambda a, b: a * b)
def multiply(a: Expression, b: Expression) -> Expression:
    """Return a * b; nothing times a value is nothing, whatever the value."""
    for one, other in ((a, b), (b, a)):
        if constant(one) == 0:
            return number(0)
        if constant(one) == 1:
            return other
        if constant(one) == -1:
            return negative(other)
        if one.operation == "neg":
            return negative(multiply(one.arguments[0], other))
    return make("mul", a, b)


def divide(a: Operand, b: Operand) -> Expression:
    """Return a / b."""
    a, b = number_of(a), number_of(b)
    first, second = constant(a), constant(b)
    if first is not None and second:
        return number(first / second)
    if first == 0 or second == 1:
        return a
    if a.operation == "neg":
        return negative(divide(a.arguments[0], b))
    return make("div", a, b)


def negative(a: Operand) -> Expression:
    """Return -a."""
    a = number_of(a)
    value = constant(a)
    if value is not None:
        return number(-value)
    if a.operation == "neg":
        return a.arguments[0]
    if a.operation == "sub":
        return make("sub", *reversed(a.arguments))
    return make("neg", a)


def choose(condition: Expression, a: Operand, b: Operand) -> Expression:
    """Return a where the condition holds, else b."""
    condition, a, b = truth_of(condition), number_of(a), number_of(b)
    if a is b:
        return a
    if constant(a) == 1 and constant(b) == 0:
        return make("real", condition)
    return make("where", condition, a, b)


def in_order(results: Iterable[Expression]) -> Iterator[Expression]:
    """Yield all that results need, and them, each once and after what it needs."""
    seen: set[Expression] = set()
    for result in results:
        stack = [(result, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                yield node
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(argument, False) for argument in reversed(node.arguments)]


def inputs_of(results: Iterable[Expression]) -> set[str]:
    """Return the names of the inputs that results need."""
    return {node.detail for node in in_order(results) if node.operation == "input"}
