"""Derivatives of steps, by reverse accumulation over their graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ._expression import Expression, choose, in_order, number, symbol

Rule = Callable[[Expression, Expression], Sequence[Expression | None]]
"""From a node and the derivative of the result by it: the derivatives by its arguments."""


def _divided(node: Expression, g: Expression) -> Sequence[Expression]:
    _, b = node.arguments
    by_a = g / b
    return by_a, -(by_a * node)


def _multiplied(node: Expression, g: Expression) -> Sequence[Expression]:
    a, b = node.arguments
    return g * b, g * a


def _chosen(node: Expression, g: Expression) -> Sequence[Expression | None]:
    condition = node.arguments[0]
    return None, choose(condition, g, 0), choose(condition, 0, g)


def _absolute(node: Expression, g: Expression) -> Sequence[Expression]:
    (a,) = node.arguments
    return (choose(a >= 0, g, -g),)


def _spiked(node: Expression, g: Expression) -> Sequence[Expression]:
    (u,) = node.arguments
    return (g * node.detail.derivative(u),)


_RULES: dict[str, Rule] = {
    "add": lambda _, g: (g, g),
    "sub": lambda _, g: (g, -g),
    "mul": _multiplied,
    "div": _divided,
    "neg": lambda _, g: (-g,),
    "exp": lambda node, g: (g * node,),
    "sqrt": lambda node, g: (g / (2 * node),),
    "abs": _absolute,
    "where": _chosen,
    "straight": lambda _, g: (g,),
    "spike": _spiked,
}
"""Operations that are not here, truth values and `detach`, pass no derivative on."""


def derivatives(
    results: Iterable[tuple[Expression, Expression]], by: Sequence[str]
) -> dict[str, Expression]:
    """Differentiate a sum of results, each weighted with its own outer derivative.

    Args:
        results: Each result with its outer derivative.
        by: Names of the inputs to differentiate by.

    Returns:
        The derivative by each input; 0 where nothing depends on it.
    """
    results = tuple(results)
    nodes = list(in_order(result for result, _ in results))
    concerned: set[Expression] = set()
    for node in nodes:
        is_asked = node.operation == "input" and node.detail in by
        if is_asked or concerned.intersection(node.arguments):
            concerned.add(node)
    found: dict[Expression, Expression] = {}

    def arrive(node: Expression, g: Expression) -> None:
        if node in concerned:
            found[node] = found[node] + g if node in found else g

    for result, g in results:
        arrive(result, g)
    for node in reversed(nodes):
        if node in found and node.operation in _RULES:
            passed_on = _RULES[node.operation](node, found[node])
            for argument, part in zip(node.arguments, passed_on, strict=True):
                if part is not None:
                    arrive(argument, part)
    return {name: found.get(symbol(name), number(0)) for name in by}
