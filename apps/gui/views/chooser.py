"""What is dragged out in a view: a rectangle to do something with, or a line to count at.

With the keyboard, arrows move a cross, Return begins and ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PyQt6.QtCore import QLineF, QPointF
from PyQt6.QtGui import QColor, QKeySequence, QPainter, QPen
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

CROSS_PX = 9
CHOSEN = QColor(0x4A, 0x9B, 0xFF)


class Chooser:
    """Remembers where a drag began and where it is, in pixels of the sensor.

    Attributes:
        wanted: What the next drag chooses; empty for nothing.
    """

    def __init__(self) -> None:
        self.wanted: Wanted = ""
        self._ends: tuple[Place, Place] | None = None
        self._cross: Place | None = None

    def want(self, wanted: Wanted) -> None:
        """Let the next drag choose this, or nothing."""
        self.wanted, self._ends, self._cross = wanted, None, None

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

    def nudge(self, right: float, down: float, sensor: SensorSize) -> None:
        """Move the cross, which is first in the middle, and what is being chosen with it."""
        x, y = self._cross or (sensor.width / 2, sensor.height / 2)
        self._cross = _within((x + right, y + down), sensor)
        self.move(self._cross, sensor)

    def begin_at_cross(self, sensor: SensorSize) -> None:
        """Begin where the cross is."""
        self.nudge(0, 0, sensor)
        if self._cross is not None:
            self.begin(self._cross, sensor)

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
        if self._cross is not None:
            x, y = mapping.to_view(*self._cross)
            painter.setPen(QPen(CHOSEN, 2))
            painter.drawLine(QPointF(x - CROSS_PX, y), QPointF(x + CROSS_PX, y))
            painter.drawLine(QPointF(x, y - CROSS_PX), QPointF(x, y + CROSS_PX))
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
