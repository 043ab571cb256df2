"""YAML as settings are written in it: plain values, and where in the file each of them stands.

Only what settings need is understood: mappings with text keys, lists, texts, numbers, true, false
and null, as YAML 1.2 has them (so `on` and `off` are texts). `${NAME}` in a text stands for an
environment variable, `${NAME:-text}` for one that may be missing, `$${` for `${` itself; what is
put in is never read as YAML.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventvision.core import ConfigFileError, SourceNotFoundError

if TYPE_CHECKING:
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import Node

MOST_BYTES = 1 << 20
MOST_VALUES = 20_000
DEEPEST = 20

Key = tuple[str | int, ...]
"""Where a value is: names and positions from the top, such as ("mqtt", "port")."""

_VARIABLE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands.

    Attributes:
        line: Number of the line, from 1.
        written: The value as it is written there; empty for lists and mappings.
    """

    line: int
    written: str


@dataclass(slots=True)
class Document:
    """A file of settings.

    Attributes:
        path: The file.
        values: What it says.
        places: Where each value stands.
        problems: What is wrong with it, a line each.
    """

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Key, Place] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def at(self, key: Key) -> str:
        """Return the place of a value, or of what it is in, as `FILE:LINE`."""
        place = next(
            (self.places[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.places), None
        )
        return str(self.path) if place is None else f"{self.path}:{place.line}"


def read_yaml(path: str | Path, environment: Mapping[str, str] | None = None) -> Document:
    """Read a file of settings.

    Args:
        path: The file.
        environment: Variables by name; those of this process if None.

    Returns:
        Its values; problems that leave the rest readable are told in it.

    Raises:
        SourceNotFoundError: If there is no such file.
        ConfigFileError: If it cannot be read, or is no YAML.
    """
    from ruamel.yaml.error import YAMLError

    document = Document(Path(path))
    text = text_of(document.path)
    try:
        root = plain_yaml().compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = str(path) if mark is None else f"{path}:{mark.line + 1}"
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigFileError(path, [f"{place}: is no YAML: {problem}; correct it"]) from None
    if root is None:
        return document
    values = _Reader(document, os.environ if environment is None else environment).value(root, ())
    if not isinstance(values, dict):
        raise ConfigFileError(path, [f"{path}:1: holds no settings; write lines as KEY: VALUE"])
    document.values = values
    return document


def text_of(path: Path) -> str:
    """Return the text of a file of settings.

    Raises:
        SourceNotFoundError: If there is no such file.
        ConfigFileError: If it cannot be read.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ConfigFileError(path, [f"{path}: is larger than 1 MiB; name a file of settings"])
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SourceNotFoundError(path, "no such file", "name a file of settings") from None
    except OSError as error:
        problem = f"{path}: cannot be read ({error.strerror}); name another file"
        raise ConfigFileError(path, [problem]) from None
    except UnicodeDecodeError as error:
        problem = f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8"
        raise ConfigFileError(path, [problem]) from None


def plain_yaml() -> YAML:
    """Return a reader and writer that keeps comments and order."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100
    return yaml


class _Reader:
    """Turns nodes into plain values and notes their places."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document, self._environment = document, environment
        self._values = 0

    def value(self, node: Node, key: Key) -> Any:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        self._values += 1
        line = node.start_mark.line + 1
        if self._values > MOST_VALUES or len(key) > DEEPEST:
            path = self._document.path
            problem = f"{path}:{line}: holds too much, or itself; write it out, in fewer lines"
            raise ConfigFileError(path, [problem])
        written = node.value if isinstance(node, ScalarNode) else ""
        self._document.places.setdefault(key, Place(line, written))
        if isinstance(node, MappingNode):
            return dict(self._items(node, key))
        if isinstance(node, SequenceNode):
            return [self.value(item, (*key, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, key)

    def _items(self, node: Node, key: Key) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for name_node, value_node in node.value:
            name = str(name_node.value)
            inner = (*key, name)
            line = name_node.start_mark.line + 1
            if name in seen:
                self._tell(line, inner, "is there twice; leave one of them out")
                continue
            seen.add(name)
            self._document.places[inner] = Place(line, "")
            value = self.value(value_node, inner)
            written = getattr(value_node, "value", "")
            self._document.places[inner] = Place(line, written if isinstance(written, str) else "")
            yield name, value

    def _scalar(self, node: Node, key: Key) -> Any:
        text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        try:
            if kind == "int":
                return int(text.replace("_", ""), 0)
            if kind == "float":
                return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return text
        return self._filled_in(text, node.start_mark.line + 1, key)

    def _filled_in(self, text: str, line: int, key: Key) -> str:
        """Return the text with environment variables put in."""

        def value_of(match: re.Match[str]) -> str:
            if match[1]:
                return match[1]
            name: str = match[2]
            otherwise: str | None = match[3]
            found = self._environment.get(name, otherwise)
            if found is None:
                self._tell(
                    line, key, f"the environment has no {name}; set it, or write ${{{name}:-TEXT}}"
                )
                return ""
            return found

        return _VARIABLE.sub(value_of, text)

    def _tell(self, line: int, key: Key, problem: str) -> None:
        self._document.problems.append(f"{self._document.path}:{line}: {dotted(key)}: {problem}")


def dotted(key: Key) -> str:
    """Write a key as users read it.

    >>> dotted(("recorder", "formats", 1))
    'recorder.formats[1]'
    """
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
