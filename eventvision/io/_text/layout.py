"""How a text recording is laid out: header, column order, time unit.

The first lines are looked at: comments (`#`, `%`), perhaps a line `width height`, perhaps a line
of column names, then the events. What is not said there is judged by the values and noted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize
from eventvision.io._geometry import smallest_known_sensor
from eventvision.io._time_unit import TimeUnit, guess_time_unit

from .columns import checked_order, guess_order, role_of

_SAMPLE_LINES = 10_000
_SEPARATOR = re.compile(rb"[ \t]*[,;][ \t]*|[ \t]+")
_GEOMETRY = re.compile(rb"(?:geometry|sensor|resolution)\W*(\d{1,5})\s*[x, ]\s*(\d{1,5})", re.I)
_WORDS = {b"true": 1.0, b"t": 1.0, b"false": 0.0, b"f": 0.0}


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Layout of a text recording.

    Attributes:
        order: Role of each column, such as `txyp`; `-` for one that is skipped.
        unit: Unit of the times.
        start: Byte at which the lines of events begin.
        sensor: Size that the header states, if it does.
        notes: What was assumed and why, one sentence each.
    """

    order: str
    unit: TimeUnit
    start: int
    sensor: SensorSize | None
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Head:
    start: int
    sensor: SensorSize | None
    names: list[str]
    rows: list[list[bytes]]


def find_layout(
    path: Path, head: bytes, columns: str | None, time_unit: TimeUnit | None
) -> TextLayout:
    """Return the layout of a recording.

    Args:
        path: For messages.
        head: The first bytes of the file, many lines of them.
        columns: Column order as the user gave it, None to detect it.
        time_unit: Unit as the user gave it, None to detect it.

    Raises:
        FormatError: If no line reads as an event.
        ConfigError: If `columns` is no column order.
    """
    found = _read_head(head)
    if found.names and not found.rows:
        order, unit = _named_order(found.names)
        note = "There is no event."
        return TextLayout(order, time_unit or unit or "us", found.start, found.sensor, (note,))
    if not found.rows:
        raise FormatError(
            path, "no line of it reads as an event", "expected columns such as t x y p"
        )
    order, order_note, named_unit = _order(path, found, columns)
    unit, unit_note = _unit(found, order, time_unit or named_unit)
    if time_unit or named_unit:
        unit_note = f"Times taken as {unit}, as {'given' if time_unit else 'the column is named'}."
    return TextLayout(order, unit, found.start, found.sensor, (order_note, unit_note))


def _read_head(head: bytes) -> _Head:
    found = _Head(0, None, [], [])
    for at, line in _numbered(head):
        if line.startswith((b"#", b"%")):
            _read_comment(line, found)
            continue
        tokens = _SEPARATOR.split(line)
        while tokens and not tokens[-1]:
            tokens.pop()
        if all(_value(token) is not None for token in tokens):
            if not found.rows and len(tokens) == 2 and (size := _size(*tokens)) is not None:
                found.sensor, found.start = size, at
            elif tokens:
                found.rows.append(tokens)
        elif not found.rows and not found.names and _names(tokens):
            found.names, found.start = _names(tokens), at
        if len(found.rows) == _SAMPLE_LINES:
            break
    return found


def _numbered(head: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each line, stripped, with the byte at which the next begins."""
    at = 0
    for line in head.splitlines(keepends=True):
        at += len(line)
        yield at, line.removeprefix(b"\xef\xbb\xbf").strip()


def _read_comment(line: bytes, found: _Head) -> None:
    if found.rows:
        return
    if (match := _GEOMETRY.search(line)) is not None:
        found.sensor = _size(match[1], match[2])
    elif names := _names(_SEPARATOR.split(line.lstrip(b"#% "))):
        found.names = names


def _names(tokens: list[bytes]) -> list[str]:
    """Return the tokens as column names, an empty list unless all four roles are among them."""
    names = [token.decode("utf-8", "replace") for token in tokens]
    roles = {role[0] for name in names if (role := role_of(name)) is not None}
    return names if len(roles) == len("txyp") else []


def _value(token: bytes) -> float | None:
    try:
        value = float(token)
    except ValueError:
        return _WORDS.get(token.lower())
    return value if isfinite(value) else None


def _size(width: bytes, height: bytes) -> SensorSize | None:
    try:
        return SensorSize(int(width), int(height))
    except ValueError:
        return None


def _order(path: Path, found: _Head, columns: str | None) -> tuple[str, str, TimeUnit | None]:
    """Return the order, a note about it, and the unit that a name states."""
    width = Counter(len(row) for row in found.rows).most_common(1)[0][0]
    found.rows = [row for row in found.rows if len(row) == width]
    if columns is not None:
        order = checked_order(columns).ljust(width, "-")
        if len(order) != width:
            raise FormatError(path, f"has {width} columns", f"{columns!r} names {len(order)}")
        return order, f"Column order {' '.join(order)} as given.", None
    if len(found.names) == width:
        order, unit = _named_order(found.names)
        return order, f"Column order {' '.join(order)} as named in the file.", unit
    guessed = guess_order(_table(found)) if width == len("txyp") else None
    if guessed is None:
        raise FormatError(
            path,
            f"its {width} columns do not look like t, x, y and polarity",
            "give their order, such as columns=txyp, with - for columns to skip",
        )
    return guessed, f"Column order {' '.join(guessed)} judged by the values.", None


def _table(found: _Head) -> NDArray[np.float64]:
    return np.array([[_value(token) or 0.0 for token in row] for row in found.rows])


def _named_order(names: list[str]) -> tuple[str, TimeUnit | None]:
    order, unit = "", None
    for name in names:
        role, stated = role_of(name) or ("-", None)
        order += "-" if role in order else role
        unit = unit or stated
    return order, unit


def _unit(found: _Head, order: str, known: TimeUnit | None) -> tuple[TimeUnit, str]:
    if known is not None:
        return known, ""
    unit = guess_time_unit(
        _times([row[order.index("t")] for row in found.rows]), _pixels(found, order)
    )
    rounded = ", rounded to whole microseconds" if unit in ("s", "ns") else ""
    return unit, f"Times taken as {unit}, judged by their values{rounded}."


def _times(texts: list[bytes]) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return times as they are written; as integers where possible, which keeps them exact."""
    try:
        whole = [min(max(int(text), -(2**62)), 2**62) for text in texts]
    except ValueError:
        return np.array([_value(text) or 0.0 for text in texts])
    return np.array(whole, np.int64)


def _pixels(found: _Head, order: str) -> int:
    if found.sensor is not None:
        return found.sensor.pixels
    pixels = _table(found)[:, [order.index("x"), order.index("y")]].clip(0, 65_534)
    return smallest_known_sensor(*(int(most) for most in pixels.max(axis=0))).pixels
