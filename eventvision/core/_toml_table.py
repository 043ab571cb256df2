"""A TOML table whose fields are taken one by one, each with its type, none left over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class TableError(ValueError):
    """A field is missing, of the wrong type, unknown, or refused; the text names it."""


class Table:
    """Takes the fields of a parsed TOML table.

    Args:
        content: The table, as `tomllib` gives it.
        place: Name of the table in error texts, such as `inputs.events`.
    """

    def __init__(self, content: dict[str, Any], place: str = "") -> None:
        self._left = dict(content)
        self._place = place

    def take(self, name: str, kind: type[T], default: T | None = None) -> T:
        """Return a field; without a default it must be there.

        Raises:
            TableError: If it is missing or of another type.
        """
        if name in self._left:
            return self._typed(name, self._left.pop(name), kind)
        if default is None:
            raise TableError(f"{self._at(name)} is missing")
        return default

    def read(self, name: str, read: Callable[[str], T], default: str | None = None) -> T:
        """Return a text field as `read` understands it.

        Raises:
            TableError: If it is missing or `read` refuses it with a ValueError.
        """
        text = self.take(name, str, default)
        try:
            return read(text)
        except ValueError as error:
            raise TableError(f"{self._at(name)}: {error}") from error

    def list_of(self, name: str, kind: type[T]) -> tuple[T, ...]:
        """Return a list whose items are all of one type; empty if it is not there."""
        items: list[Any] = self.take(name, list, [])
        return tuple(self._typed(f"{name}[{i}]", item, kind) for i, item in enumerate(items))

    def tables(self, name: str) -> Iterator[Table]:
        """Yield the tables of a list of tables."""
        for i, content in enumerate(self.list_of(name, dict)):
            yield Table(content, self._at(f"{name}[{i}]"))

    def table(self, name: str) -> Table:
        """Return a table within this one; empty if it is not there."""
        return Table(self.take(name, dict, {}), self._at(name))

    def names(self) -> tuple[str, ...]:
        """Names of the fields that are left."""
        return tuple(self._left)

    def finish(self) -> None:
        """Check that every field was taken.

        Raises:
            TableError: If one was not.
        """
        for name in self._left:
            raise TableError(f"{self._at(name)} is not a known field")

    def _typed(self, name: str, value: Any, kind: type[T]) -> T:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise TableError(f"{self._at(name)} must be {_KINDS[kind]}, not {value!r:.40}")
        return value

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name
