"""Boxes, labels and regions over a picture, sharp at any zoom."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPen

from eventvision.core import Detections, Tracks

from ..canvas import Overlay
from ..geometry import Mapping
from ..state import ViewSettings
from .gates import draw_counts

Region = tuple[int, int, int, int]
Label = tuple[str, QRectF, QColor]

SMALL_PX = 560
"""Views less wide than this have smaller labels."""
LABEL_PX, SMALL_LABEL_PX = 12, 10
_INK = QColor(0x0A, 0x0C, 0x12)
_DIM = QColor(0x78, 0x78, 0x78)
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
    if view.regions:
        is_on = overlay.alarm is not None and len(overlay.alarm.objects) > 0
        for region in regions:
            draw_region(painter, region, mapping, is_on=is_on)
        if overlay.counts is not None:
            draw_counts(painter, overlay.counts, mapping)
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
        _draw_labels(painter, [("ALARM", rectangle, colour)])


@lru_cache(maxsize=512)
def colour_of(number: int) -> QColor:
    """Return the colour of an object or a class: always the same; not to be changed."""
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
    rectangles = _rectangles(found.boxes, mapping)
    if overlay.tracks is not None:
        painter.setPen(QPen(_DIM, 1))
        _outline(painter, rectangles)
        return
    named = len(found.class_names) > 1
    labels: list[Label] = []
    for rectangle, class_, score in zip(
        rectangles, found.classes.tolist(), found.scores.tolist(), strict=True
    ):
        name = found.class_names[class_]
        colour = _colour_of_class(name, class_) if named else _PLAIN
        painter.setPen(QPen(colour, 2))
        painter.drawRect(rectangle)
        text = f"{name} {score:.2f}" if named else f"{score:.2f}"
        labels.append((text, rectangle, colour))
    if view.labels:
        _draw_labels(painter, labels)


def _outline(painter: QPainter, rectangles: list[QRectF]) -> None:
    if rectangles:
        painter.drawRects(*rectangles)


def _draw_tracks(painter: QPainter, tracks: Tracks, view: ViewSettings, mapping: Mapping) -> None:
    named = len(tracks.class_names) > 1
    rectangles = _rectangles(tracks.boxes, mapping)
    painter.setPen(QPen(_INK, 1))
    _outline(painter, [rectangle.adjusted(-2, -2, 2, 2) for rectangle in rectangles])
    ids = tracks.ids.tolist()
    for number, rectangle in zip(ids, rectangles, strict=True):
        painter.setPen(_pen(number))
        painter.drawRect(rectangle)
    if not view.labels:
        return
    labels: list[Label] = []
    rows = zip(ids, rectangles, tracks.classes.tolist(), tracks.scores.tolist(), strict=True)
    for number, rectangle, class_, score in rows:
        name = f" {tracks.class_names[class_]}" if named else ""
        labels.append((f"#{number}{name} {score:.2f}", rectangle, colour_of(number)))
    _draw_labels(painter, labels)


def _draw_labels(painter: QPainter, labels: Sequence[Label]) -> None:
    """Write above boxes, on whole pixels; inside, where there is no room above."""
    metrics = painter.fontMetrics()
    height, ascent, right = metrics.height(), metrics.ascent(), painter.window().width()
    painter.setPen(_INK)
    for text, rectangle, colour in labels:
        width = metrics.horizontalAdvance(text) + 6
        below = int(rectangle.top())
        top = below - height if below >= height else below
        left = max(0, min(int(rectangle.left()) - 1, right - width))
        painter.fillRect(left, top, width, height, colour)
        painter.drawText(left + 3, top + ascent, text)


@lru_cache(maxsize=512)
def _pen(number: int) -> QPen:
    """Return the pen of an object; not to be changed."""
    return QPen(colour_of(number), 2)


def _rectangles(boxes: NDArray[np.float32], mapping: Mapping) -> list[QRectF]:
    """Return boxes in the view, as far as they lie on the sensor."""
    ends = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1) * mapping.scale
    limits = np.array([mapping.width, mapping.height] * 2)
    corners = np.clip(ends, 0, limits) + np.array([mapping.left, mapping.top] * 2)
    return [
        QRectF(QPointF(x, y), QPointF(right, bottom)) for x, y, right, bottom in corners.tolist()
    ]
