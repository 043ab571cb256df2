"""From expressions to lines of code, in the dialect of each backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ._expression import Expression, in_order

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "ge": ">=", "gt": ">", "le": "<=",
          "lt": "<", "and": "&", "or": "|"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a backend writes what is not written alike everywhere.

    Attributes:
        number: Writes a constant.
        calls: Templates of operations, of their arguments `{0}`, `{1}`, ...
        spike: Template or, where it depends on the surrogate, what makes one of the node.
    """

    number: Callable[[float], str]
    calls: Mapping[str, str]
    spike: Callable[[Expression], str]

    def write(self, node: Expression, arguments: Sequence[str]) -> str:
        """Return one operation as text."""
        if node.operation in _INFIX:
            return f"{arguments[0]} {_INFIX[node.operation]} {arguments[1]}"
        template = self.spike(node) if node.operation == "spike" else self.calls[node.operation]
        return template.format(*arguments)


def safe(name: str) -> str:
    """Return a name that clashes with none of the generated code's own.

    >>> safe("v"), safe("lambda")
    ('v_', 'lambda_')
    """
    return name + "_"


class Writer:
    """Writes expressions as assignments, each node once.

    Args:
        dialect: The backend's dialect.
        names: Expressions that have a name already, such as inputs.
        prefix: Of the names that are made up.
    """

    def __init__(
        self, dialect: Dialect, names: Mapping[Expression, str] | None = None, prefix: str = "t"
    ) -> None:
        self.dialect, self.prefix = dialect, prefix
        self.names: dict[Expression, str] = dict(names or {})
        self.lines: list[str] = []
        self._count = 0

    def write(self, results: Iterable[Expression]) -> list[str]:
        """Write what results need, and return their names."""
        results = list(results)
        for node in in_order(results):
            if node in self.names:
                continue
            if node.operation == "number":
                self.names[node] = self.dialect.number(node.detail)
            elif node.operation == "input":
                self.names[node] = safe(node.detail)
            else:
                self._assign(node)
        return [self.names[result] for result in results]

    def _assign(self, node: Expression) -> None:
        text = self.dialect.write(node, [self.names[argument] for argument in node.arguments])
        self.names[node] = name = f"{self.prefix}{self._count}"
        self._count += 1
        self.lines.append(f"{name} = {text}")


def indented(lines: Iterable[str], depth: int) -> str:
    """Join lines, indented by so many levels; `pass` where there are none."""
    return "\n".join(" " * 4 * depth + line if line else "" for line in lines)
