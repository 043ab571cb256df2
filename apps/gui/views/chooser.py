"""What is dragged out in a view: a rectangle to do something with, or a line to count at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PyQt6.QtCore import QLineF, QPointF
from PyQt6.QtGui import QKeySequence, QPainter
from PyQt6.QtWidgets import QMenu, QWidget

from eventvision.core import SensorSize

from ..controllers.pipeline import PipelineSettings
from ..geometry import Mapping
from .gates import draw_line
from .overlay import Region, draw_region

Wanted = Literal["", "region", "line"]
Place = tuple[float, float]

LEAST_PX = 2
"""What is shorter was a click."""


class Chooser:
    """Remembers where a drag began and where it is, in pixels of the sensor.

    Attributes:
        wanted: What the next drag chooses; empty for nothing.
    """

    def __init__(self) -> None:
        self.wanted: Wanted = ""
        self._ends: tuple[Place, Place] | None = None

    def want(self, wanted: Wanted) -> None:
        """Let the next drag choose this, or nothing."""
        self.wanted, self._ends = wanted, None

    @property
    def is_dragging(self) -> bool:
        """Whether a drag has begun."""
        return self._ends is not None

    def begin(self, at: Place, sensor: SensorSize) -> None:
        """Begin a drag."""
        place = _within(at, sensor)
        self._ends = (place, place)

    def move(self, at: Place, sensor: SensorSize) -> None:
        """Go on with it."""
        if self._ends is not None:
            self._ends = (self._ends[0], _within(at, sensor))

    @property
    def region(self) -> Region | None:
        """The rectangle so far: x, y, width, height; None where it is too small."""
        if self.wanted != "region" or self._ends is None:
            return None
        (x0, y0), (x1, y1) = self._ends
        left, right = sorted((x0, x1))
        top, bottom = sorted((y0, y1))
        x, y = int(left), int(top)
        width, height = round(right) - x, round(bottom) - y
        return (x, y, width, height) if min(width, height) >= LEAST_PX else None

    @property
    def line(self) -> tuple[Place, Place] | None:
        """The line so far, to whole pixels; None where it is too short."""
        if self.wanted != "line" or self._ends is None:
            return None
        (x0, y0), (x1, y1) = self._ends
        if abs(x1 - x0) + abs(y1 - y0) < LEAST_PX:
            return None
        return (round(x0), round(y0)), (round(x1), round(y1))

    def paint(self, painter: QPainter, mapping: Mapping) -> None:
        """Show what would be chosen now."""
        region, line = self.region, self.line
        if region is not None:
            draw_region(painter, region, mapping, is_on=False)
        elif line is not None:
            start, end = (QPointF(*mapping.to_view(*place)) for place in line)
            draw_line(painter, QLineF(start, end))


def region_menu(
    parent: QWidget, region: Region, pipeline: PipelineSettings, zoom: Callable[[], object]
) -> QMenu:
    """Return what can be done with a rectangle."""
    x, y, width, height = region
    text = f"{width}x{height}+{x}+{y}"
    menu = QMenu(parent)
    for words, act in (
        ("Raise an alarm when an object enters", lambda: pipeline.watch_region(text)),
        ("Count the objects in it", lambda: pipeline.count_at(f"zone={text}")),
        ("Keep only the events in it (filter)", lambda: pipeline.add_filter(f"roi:{text}")),
        ("Zoom to it", zoom),
    ):
        action = menu.addAction(words)
        if action is not None:
            action.triggered.connect(lambda _checked=False, act=act: act())
    menu.addSeparator()
    cancel = menu.addAction("Nothing")
    if cancel is not None:
        cancel.setShortcut(QKeySequence("Esc"))
    return menu


def _within(at: Place, sensor: SensorSize) -> Place:
    return min(max(0.0, at[0]), sensor.width), min(max(0.0, at[1]), sensor.height)
