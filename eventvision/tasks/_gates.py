"""Lines and zones as users write them, and their geometry.

    line=173x260-173x0@door     from the first point to the second, in pixels; the name is optional
    zone=100x80+20+30@desk      a rectangle WIDTHxHEIGHT+X+Y
    zone=10x10-90x20-50x80      or a polygon
    ground=ground.toml          where points of the picture lie on the ground, for metres

Several are separated by semicolons. An object crosses a line forward when it comes from the
left-hand side of one who looks from the first point to the second, on the screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError

Array = NDArray[np.float64]

FORM = "line=X0xY0-X1xY1[@NAME];zone=WxH+X+Y[@NAME];ground=FILE"

_MOST_GATES = 64
_NUMBER = r"(\d{1,5}(?:\.\d{1,3})?)"
_POINT = re.compile(rf"{_NUMBER}x{_NUMBER}")
_RECTANGLE = re.compile(rf"{_NUMBER}x{_NUMBER}\+{_NUMBER}\+{_NUMBER}")
_NAME = re.compile(r"[\w .-]{1,64}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that objects may cross; `points` has shape (2, 2): start and end, x and y."""

    name: str
    points: Array

    def sides_px(self, places: Array) -> Array:
        """Return how far places (N, 2) lie to the left of the line; negative to the right.

        Left is where the left hand points of one who looks from start to end on the screen.
        """
        along = self.points[1] - self.points[0]
        offset = places - self.points[0]
        across = along[1] * offset[:, 0] - along[0] * offset[:, 1]
        return np.asarray(across / np.hypot(*along))

    def crossed_at(self, before: Array, after: Array) -> float | None:
        """Return at what share of the way between two places the line is crossed, if it is."""
        way, along = after - before, self.points[1] - self.points[0]
        apart = self.points[0] - before
        area = way[0] * along[1] - way[1] * along[0]
        if area == 0:
            return None
        share = (apart[0] * along[1] - apart[1] * along[0]) / area
        place = (apart[0] * way[1] - apart[1] * way[0]) / area
        return float(share) if 0 <= share <= 1 and 0 <= place <= 1 else None


@dataclass(frozen=True, slots=True)
class Zone:
    """An area in which objects stay; `points` has shape (N, 2), the corners in order."""

    name: str
    points: Array

    def holds(self, places: Array) -> NDArray[np.bool_]:
        """Tell which places (N, 2) lie inside: a ray from there crosses the edge an odd number."""
        x, y = places[:, 0, None], places[:, 1, None]
        x0, y0 = self.points.T
        x1, y1 = np.roll(self.points, -1, axis=0).T
        spans = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            right = x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
        return np.asarray((spans & right).sum(axis=1) % 2 == 1)


@dataclass(frozen=True, slots=True)
class Gates:
    """What is counted at, and the file about the ground, if there is one."""

    lines: tuple[Line, ...]
    zones: tuple[Zone, ...]
    ground: Path | None = None


def parse_gates(text: str) -> Gates:
    """Read lines and zones.

    >>> gates = parse_gates("line=10x0-10x20;zone=30x20+5+5@desk")
    >>> gates.lines[0].name, gates.zones[0].name, gates.zones[0].points[2].tolist()
    ('line1', 'desk', [35.0, 25.0])

    Raises:
        ConfigError: If the text is anything else.
    """
    lines: list[Line] = []
    zones: list[Zone] = []
    ground = None
    for item in filter(None, (part.strip() for part in text.split(";"))):
        kind, _, value = item.partition("=")
        if kind == "ground" and value:
            ground = Path(value)
            continue
        shape, _, name = value.partition("@")
        if kind == "line":
            lines.append(Line(_named(name or f"line{len(lines) + 1}", item), _line(shape, item)))
        elif kind == "zone":
            zones.append(Zone(_named(name or f"zone{len(zones) + 1}", item), _zone(shape, item)))
        else:
            raise ConfigError("counting", item, FORM)
    names = [line.name for line in lines] + [zone.name for zone in zones]
    if not names or len(names) > _MOST_GATES or len(set(names)) != len(names):
        raise ConfigError("counting", text, f"1 to {_MOST_GATES} lines and zones, no name twice")
    return Gates(tuple(lines), tuple(zones), ground)


def _named(name: str, item: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError("counting", item, "a name of letters, digits, spaces, _ . and -")
    return name


def _line(text: str, item: str) -> Array:
    points = _points(text, item)
    if len(points) != 2 or (points[0] == points[1]).all():
        raise ConfigError("counting", item, "two points, such as line=173x260-173x0")
    return points


def _zone(text: str, item: str) -> Array:
    if (match := _RECTANGLE.fullmatch(text.strip())) is not None:
        width, height, x, y = map(float, match.groups())
        if not (width and height):
            raise ConfigError("counting", item, "a zone with an area")
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return np.array(corners, np.float64)
    points = _points(text, item)
    if not 3 <= len(points) <= 100:
        raise ConfigError("counting", item, "3 to 100 corners, such as zone=10x10-90x20-50x80")
    return points


def _points(text: str, item: str) -> Array:
    matches = [_POINT.fullmatch(part.strip()) for part in text.split("-")]
    if None in matches:
        raise ConfigError("counting", item, FORM)
    return np.array([[float(m[1]), float(m[2])] for m in matches if m], np.float64)
