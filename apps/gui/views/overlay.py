"""Boxes, labels, trails and regions over a picture, sharp at any zoom."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from eventvision.core import Detections, Tracks

from ..canvas import Overlay
from ..geometry import Mapping
from ..state import ViewSettings

Region = tuple[int, int, int, int]

SMALL_PX = 560
"""Views less wide than this have smaller labels."""
LABEL_PX, SMALL_LABEL_PX = 12, 10
_FADES = 5
_INK = QColor(0x0A, 0x0C, 0x12)
_DIM = QColor(0xCD, 0xCD, 0xCD, 110)
_PLAIN = QColor(0xCD, 0xCD, 0xCD)
_ALARM = QColor(0xFF, 0x4D, 0x4D)
_WATCHED = QColor(0xFF, 0xC8, 0x4A)
_CHOSEN = QColor(0x4A, 0x9B, 0xFF)


def draw_overlay(
    painter: QPainter,
    overlay: Overlay,
    view: ViewSettings,
    mapping: Mapping,
    regions: Sequence[Region],
) -> None:
    """Draw what a view wants to have over its picture."""
    font = QFont(painter.font())
    font.setPixelSize(LABEL_PX if painter.window().width() > SMALL_PX else SMALL_LABEL_PX)
    painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    if view.trails and overlay.tracks is not None:
        followed = set(overlay.tracks.ids.tolist())
        for number, path in overlay.trails:
            if number in followed:
                _draw_trail(painter, number, path, mapping)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    if view.regions:
        is_on = overlay.alarm is not None and len(overlay.alarm.objects) > 0
        for region in regions:
            draw_region(painter, region, mapping, is_on=is_on)
    if not view.boxes:
        return
    if overlay.detections is not None:
        _draw_detections(painter, overlay, overlay.detections, view, mapping)
    if overlay.tracks is not None:
        _draw_tracks(painter, overlay.tracks, view, mapping)


def draw_region(painter: QPainter, region: Region, mapping: Mapping, *, is_on: bool | None) -> None:
    """Outline a region: red and filled while there is an alarm."""
    x, y, width, height = region
    left, top = mapping.to_view(x, y)
    rectangle = QRectF(left, top, width * mapping.scale, height * mapping.scale)
    colour = _ALARM if is_on else _WATCHED
    if is_on:
        fill = QColor(colour)
        fill.setAlpha(50)
        painter.fillRect(rectangle, fill)
    painter.setPen(QPen(colour, 2, Qt.PenStyle.DashLine))
    painter.drawRect(rectangle)
    if is_on:
        _draw_label(painter, "ALARM", rectangle, colour)


def colour_of(number: int) -> QColor:
    """Return the colour of an object or a class: always the same."""
    from eventvision.sinks import number_colour

    blue, green, red = number_colour(number)
    return QColor(red, green, blue)


def _colour_of_class(name: str, number: int) -> QColor:
    from eventvision.sinks import class_colour

    blue, green, red = class_colour(name, number)
    return QColor(red, green, blue)


def _draw_detections(
    painter: QPainter, overlay: Overlay, found: Detections, view: ViewSettings, mapping: Mapping
) -> None:
    is_followed = overlay.tracks is not None
    named = len(found.class_names) > 1
    for box, class_, score in zip(
        found.boxes.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True
    ):
        name = found.class_names[class_]
        colour = _DIM if is_followed else _colour_of_class(name, class_) if named else _PLAIN
        rectangle = _rectangle(box, mapping)
        painter.setPen(QPen(colour, 1 if is_followed else 2))
        painter.drawRect(rectangle)
        if view.labels and not is_followed:
            text = f"{name} {score:.2f}" if named else f"{score:.2f}"
            _draw_label(painter, text, rectangle, colour)


def _draw_tracks(painter: QPainter, tracks: Tracks, view: ViewSettings, mapping: Mapping) -> None:
    named = len(tracks.class_names) > 1
    rows = zip(
        tracks.ids.tolist(),
        tracks.boxes.tolist(),
        tracks.classes.tolist(),
        tracks.scores.tolist(),
        strict=True,
    )
    for number, box, class_, score in rows:
        colour = colour_of(number)
        rectangle = _rectangle(box, mapping)
        painter.setPen(QPen(_INK, 1))
        painter.drawRect(rectangle.adjusted(-2, -2, 2, 2))
        painter.setPen(QPen(colour, 2))
        painter.drawRect(rectangle)
        if view.labels:
            name = f" {tracks.class_names[class_]}" if named else ""
            _draw_label(painter, f"#{number}{name} {score:.2f}", rectangle, colour)


def _draw_label(painter: QPainter, text: str, rectangle: QRectF, colour: QColor) -> None:
    """Write a label above a box; inside, where there is no room above."""
    metrics = QFontMetricsF(painter.font())
    width, height = metrics.horizontalAdvance(text) + 6, metrics.height()
    top = rectangle.top() - height
    if top < 0:
        top = rectangle.top()
    rightmost = painter.window().width() - width
    left = max(0.0, min(rectangle.left() - 1, rightmost))
    place = QRectF(left, top, width, height)
    painter.fillRect(place, colour)
    painter.setPen(_INK)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _draw_trail(
    painter: QPainter, number: int, path: NDArray[np.float64], mapping: Mapping
) -> None:
    """Draw where a centre has been, fading with age."""
    colour = colour_of(number)
    points = [QPointF(*mapping.to_view(x, y)) for _, x, y in path.tolist()]
    bounds = np.linspace(0, len(points) - 1, _FADES + 1).astype(int).tolist()
    for first, last in itertools.pairwise(bounds):
        if last > first:
            faded = QColor(colour)
            faded.setAlphaF(min(max(0.1, 1 - float(path[last, 0])), 1.0))
            painter.setPen(QPen(faded, 2))
            painter.drawPolyline(QPolygonF(points[first : last + 1]))


def _rectangle(box: Sequence[float], mapping: Mapping) -> QRectF:
    x, y, width, height = box
    left, top = mapping.to_view(x, y)
    return QRectF(left, top, width * mapping.scale, height * mapping.scale)
