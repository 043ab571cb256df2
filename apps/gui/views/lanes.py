"""The lanes of the timeline: rates are pictures, a column for each pixel; the rest lies over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

from ..history import ENDINGS, History
from ..lane_colours import LaneColours, lane_colours
from ..overview import Overview
from ..state import PlaybackPart
from ..theme import Theme
from ..timeline import (
    Axis,
    Sightings,
    marks_of,
    potential_columns,
    rate_columns,
    rate_picture,
    slice_columns,
)
from ..words import clock, rate
from .images import image_over

END_WORDS = {
    "time": "time is over",
    "count": "enough events",
    "activity": "enough of the scene",
    "spike": "the trigger fired",
    "event_limit": "too many events",
    "flush": "the stream ended",
}
SIGHTINGS_H = 8
_HEAD_H, _ENDS_H, _OBJECTS_H = 16, 6, 3
_OPAQUE = 0xFF000000
_MARKED_ALPHA = 60


class Inks:
    """Colours of a theme, as lanes need them."""

    def __init__(self, theme: Theme) -> None:
        lanes: LaneColours = lane_colours(theme)
        self.theme, self.lanes = theme, lanes
        self.ground, self.lane = QColor(theme.window), QColor(theme.stage)
        self.text, self.faint = QColor(theme.text), QColor(theme.faint)
        self.objects, self.alarm = QColor(lanes.objects), QColor(lanes.alarm)
        self.potential = QColor(lanes.potential)
        self.mark = QColor(theme.good)
        self.marked = QColor(theme.good)
        self.marked.setAlpha(_MARKED_ALPHA)
        self.rates = (
            _OPAQUE | theme.stage,
            _OPAQUE | theme.event_off,
            _OPAQUE | theme.event_on,
        )


class WholeLane:
    """Draws the event rate of a whole recording, marks, sightings and the position."""

    def __init__(self) -> None:
        self._key: tuple[Overview, Axis, int, Theme] | None = None
        self._picture: NDArray[np.uint32] = np.empty((0, 0), np.uint32)
        self._top_hz = 1.0

    def paint(
        self,
        painter: QPainter,
        lane: QRectF,
        inks: Inks,
        overview: Overview,
        axis: Axis,
        part: PlaybackPart,
        sightings: Sightings,
    ) -> None:
        """Draw it; the picture of rates is made anew only for another overview, size or theme."""
        self._draw_rates(overview, axis, round(lane.height()) - SIGHTINGS_H, inks)
        painter.drawImage(lane.topLeft(), image_over(self._picture))
        _paint_sightings(painter, lane, inks, sightings)
        _paint_marks(painter, lane, inks, axis, part)
        x = lane.left() + axis.column(part.position_us)
        painter.setPen(QPen(inks.text, 1.5))
        painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))
        sofar = "" if overview.share >= 1 else f"looking through… {overview.share:.0%}   "
        length = f"{sofar}{clock(axis.end_us - axis.begin_us)}"
        write(painter, lane, inks, f"peak {rate(self._top_hz)}")
        write(painter, lane, inks, length, at_end=True)

    def _draw_rates(self, overview: Overview, axis: Axis, height: int, inks: Inks) -> None:
        key = (overview, axis, height, inks.theme)
        if self._key == key:
            return
        rates = rate_columns(overview, axis)
        self._top_hz = max(float(rates.max()), 1.0)
        self._picture = rate_picture(rates / self._top_hz, height, inks.rates)
        self._key = key


def paint_recent(painter: QPainter, lane: QRectF, inks: Inks, history: History, axis: Axis) -> None:
    """Draw the latest slices: rates, why they ended, objects; and the trigger's potential."""
    columns = slice_columns(history, axis)
    top_hz = max(float(columns.rates.max(initial=0.0)), 1.0)
    body = lane.adjusted(0, _HEAD_H, 0, -_ENDS_H - 4)
    rates = rate_picture(columns.rates / top_hz, max(1, round(body.height())), inks.rates)
    painter.drawImage(body.topLeft(), image_over(rates))
    ends = np.array([inks.lanes.endings[-1], *inks.lanes.endings], np.uint32) | np.uint32(_OPAQUE)
    strip = ends[columns.endings + 1]
    strip[(columns.endings < 0) | columns.begins] = inks.rates[0]
    _paint_strip(painter, QPointF(lane.left(), lane.bottom() - _ENDS_H - 2), _ENDS_H, strip)
    seen = np.full(columns.objects.size, inks.rates[0], np.uint32)
    seen[columns.objects > 0] = _OPAQUE | inks.lanes.objects
    seen[columns.alarms] = _OPAQUE | inks.lanes.alarm
    _paint_strip(painter, QPointF(lane.left(), body.top() - _OBJECTS_H), _OBJECTS_H, seen)
    has_potential = _paint_potential(painter, body, inks, history, axis)
    entries = [
        (END_WORDS[ENDINGS[index]], QColor(inks.lanes.endings[index]))
        for index in np.unique(columns.endings).tolist()
        if index >= 0
    ]
    if columns.objects.any():
        entries.append(("objects", inks.objects))
    if columns.alarms.any():
        entries.append(("alarm", inks.alarm))
    if has_potential:
        entries.append(("potential, threshold dashed", inks.potential))
    _paint_legend(painter, lane, inks, f"slices, peak {rate(top_hz)}", entries)


def write(painter: QPainter, lane: QRectF, inks: Inks, text: str, *, at_end: bool = False) -> None:
    """Write in an upper corner of a lane, legible whatever is drawn there."""
    metrics = painter.fontMetrics()
    width = metrics.horizontalAdvance(text) + 6
    left = lane.right() - width - 1 if at_end else lane.left() + 1
    plate = QRectF(left, lane.top() + 1, width, metrics.height())
    ground = QColor(inks.lane)
    ground.setAlpha(200)
    painter.fillRect(plate, ground)
    painter.setPen(inks.faint)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def _paint_sightings(painter: QPainter, lane: QRectF, inks: Inks, sightings: Sightings) -> None:
    """Draw where objects were seen so far, and alarms."""
    width = round(lane.width())
    strip = np.full(width, inks.rates[0], np.uint32)
    strip[marks_of(sightings.objects > 0, width)] = _OPAQUE | inks.lanes.objects
    strip[marks_of(sightings.alarms, width)] = _OPAQUE | inks.lanes.alarm
    top = lane.bottom() - SIGHTINGS_H + 2
    _paint_strip(painter, QPointF(lane.left(), top), SIGHTINGS_H - 3, strip)


def _paint_marks(
    painter: QPainter, lane: QRectF, inks: Inks, axis: Axis, part: PlaybackPart
) -> None:
    if part.mark_in_us is None and part.mark_out_us is None:
        return
    begin_us = axis.begin_us if part.mark_in_us is None else part.mark_in_us
    end_us = axis.end_us if part.mark_out_us is None else part.mark_out_us
    left, right = axis.column(begin_us), axis.column(end_us)
    painter.fillRect(
        QRectF(lane.left() + left, lane.top(), right - left, lane.height()), inks.marked
    )
    painter.setPen(QPen(inks.mark, 2))
    for at, is_set in ((left, part.mark_in_us), (right, part.mark_out_us)):
        if is_set is not None:
            x = lane.left() + at
            painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))


def _paint_strip(painter: QPainter, at: QPointF, height: int, colours: NDArray[np.uint32]) -> None:
    picture = np.repeat(colours[None], height, axis=0)
    painter.drawImage(at, image_over(picture))


def _paint_potential(
    painter: QPainter, body: QRectF, inks: Inks, history: History, axis: Axis
) -> bool:
    """Draw the potential as a share of the threshold, a dashed line; say whether there is one."""
    places, values = potential_columns(history, axis)
    if not places.size:
        return False
    threshold = body.top() + body.height() * 0.2
    height = body.bottom() - threshold
    x = body.left() + places + 0.5
    y = body.bottom() - np.minimum(values, 1.25) * height
    painter.setPen(QPen(inks.potential, 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(body.left(), threshold), QPointF(body.right(), threshold))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setPen(QPen(inks.potential, 1.5))
    points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    painter.drawPolyline(QPolygonF(points))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    return True


def _paint_legend(
    painter: QPainter,
    lane: QRectF,
    inks: Inks,
    title: str,
    entries: Sequence[tuple[str, QColor]],
) -> None:
    """Say what the colours of slices mean."""
    metrics = painter.fontMetrics()
    baseline = lane.top() + 11
    painter.setPen(inks.faint)
    painter.drawText(QPointF(lane.left() + 4, baseline), title)
    x = lane.left() + 4 + metrics.horizontalAdvance(title) + 16
    for words, colour in entries:
        painter.fillRect(QRectF(x, baseline - 8, 8, 8), colour)
        painter.drawText(QPointF(x + 12, baseline), words)
        x += 12 + metrics.horizontalAdvance(words) + 14
