"""The box around a cloud, and what its axes mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QPainter, QPen

from ..amounts import span_text
from ..cloud import Cloud, Orbit, box_edges, outer_edge, project
from ..theme import Theme

_SHORTEST_PX = 60.0
"""Shorter axes have no labels."""


def draw_box(
    painter: QPainter, cloud: Cloud, orbit: Orbit, theme: Theme, size: tuple[int, int]
) -> None:
    """Draw edges, the newest in front in the leading colour, and labels beside the axes.

    Args:
        painter: Draws on the view.
        cloud: What lies in the box.
        orbit: From where it is looked at.
        theme: Colours.
        size: Width and height of the view.
    """
    matrix = orbit.matrix(cloud.sensor, *size)
    for edge, is_now in box_edges(cloud.sensor):
        colour = QColor(theme.accent if is_now else theme.faint)
        colour.setAlpha(210 if is_now else 110)
        painter.setPen(QPen(colour, 1.4 if is_now else 1.0))
        one, two = (QPointF(*end) for end in project(matrix, edge))
        painter.drawLine(one, two)
    painter.setPen(QColor(theme.text))
    middle = np.array([[cloud.sensor.width / 2, cloud.sensor.height / 2, 0.5]])
    centre = project(matrix, middle)[0]
    for axis, name in enumerate((f"x {cloud.sensor.width} px", f"y {cloud.sensor.height} px")):
        ends = outer_edge(matrix, cloud.sensor, axis)
        if np.hypot(*(ends[1] - ends[0])) > _SHORTEST_PX:
            _label(painter, size, ends.mean(axis=0), centre, name)
    now, past = outer_edge(matrix, cloud.sensor, 2)
    if np.hypot(*(past - now)) > _SHORTEST_PX:
        _label(painter, size, now, centre, "now")
        _label(painter, size, (now + past) / 2, centre, "time")
        _label(painter, size, past, centre, f"-{span_text(cloud.span_us)}")


def _label(
    painter: QPainter,
    size: tuple[int, int],
    at: NDArray[np.float64],
    middle: NDArray[np.float64],
    text: str,
) -> None:
    """Write beside a point, on the side away from the middle of the box, within the view."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text), metrics.height()
    away = at - middle
    away = away / max(1.0, float(np.hypot(*away)))
    x = at[0] + away[0] * (8 + width / 2) - width / 2
    y = at[1] + away[1] * (6 + height / 2) + height / 2 - metrics.descent()
    x = min(max(x, 4.0), size[0] - 4.0 - width)
    y = min(max(y, 4.0 + height), size[1] - 4.0)
    painter.drawText(QPointF(float(x), float(y)), text)
