"""The timeline: the whole recording above, the latest slices and the trigger below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ..controller import Controller
from ..history import ENDINGS
from ..overview import Overview
from ..state import AppState
from ..timeline import (
    Axis,
    Sightings,
    potential_on,
    rate_columns,
    rate_picture,
    recent_axis,
    slice_rates,
    whole_axis,
)
from ..words import clock, rate
from .images import image_over
from .observing import observe_while

ON, OFF = QColor(0xFF, 0xB2, 0x54), QColor(0x4A, 0x9B, 0xFF)
GROUND, LANE = QColor(0x12, 0x16, 0x1C), QColor(0x1A, 0x20, 0x29)
DIM = QColor(0x8B, 0x96, 0xA4)
PLAYHEAD, MARKED = QColor(0xFF, 0xFF, 0xFF), QColor(0x4A, 0xC9, 0x8A, 60)
MARK, OBJECT, ALARM = QColor(0x4A, 0xC9, 0x8A), QColor(0xE8, 0xC5, 0x47), QColor(0xFF, 0x4D, 0x4D)
POTENTIAL = QColor(0xB4, 0x8C, 0xFF)
END_COLOURS = {
    "time": QColor(0x5B, 0x6B, 0x7E),
    "count": QColor(0x4A, 0xA8, 0xA0),
    "activity": QColor(0x6A, 0xB0, 0x4A),
    "spike": QColor(0xB4, 0x8C, 0xFF),
    "event_limit": QColor(0xE5, 0x6A, 0x4A),
    "flush": QColor(0x8A, 0x8A, 0x8A),
}
END_WORDS = {
    "time": "time is over",
    "count": "enough events",
    "activity": "enough of the scene",
    "spike": "the trigger fired",
    "event_limit": "too many events",
    "flush": "the stream ended",
}
_MARGIN, _WHOLE_H, _GAP, _MARKS_H = 8, 54, 6, 8


_Drawn = tuple[Overview, tuple[Axis, int], NDArray[np.uint32], float]
"""What was drawn of which overview, on which axis and how high; its peak rate."""


class TimelineView(QWidget):
    """Draws lanes; a click or a drag on the upper one seeks."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        self._state, self._controller = state, controller
        self._sightings = Sightings()
        self._drawn: _Drawn | None = None
        self._seen_us = 0
        self.setMinimumHeight(_WHOLE_H + 2 * _GAP + 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        self.setToolTip("Click to go there, drag to look through; i and p mark IN and OUT")
        observe_while(self, state.history, self._take_history)
        observe_while(self, state.overview, self._again)
        observe_while(self, state.playback, self._again)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a height at which everything is legible."""
        return QSize(800, 170)

    def axis(self) -> Axis | None:
        """Return the axis of the whole recording; None where there is none."""
        overview = self._state.overview.value
        if overview is None:
            return None
        return whole_axis(overview, self.width() - 2 * _MARGIN)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Look at a time."""
        self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Look through the recording while dragging."""
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._scrub(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Go there."""
        axis = self.axis()
        if event is not None and axis is not None and self._state.playback.value.is_scrubbing:
            self._controller.playback.seek(self._time_at(axis, event))

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw both lanes."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        font = QFont(painter.font())
        font.setPixelSize(10)
        painter.setFont(font)
        width = self.width() - 2 * _MARGIN
        whole = QRectF(_MARGIN, _GAP, width, _WHOLE_H)
        top = whole.bottom() + _GAP
        recent = QRectF(_MARGIN, top, width, self.height() - top - _GAP)
        painter.fillRect(whole, LANE)
        painter.fillRect(recent, LANE)
        axis = self.axis()
        if axis is None:
            self._paint_none(painter, whole)
        else:
            self._paint_whole(painter, whole, axis)
        self._paint_recent(painter, recent)

    def _paint_none(self, painter: QPainter, lane: QRectF) -> None:
        live = self._state.source.value.is_live
        opening = self._state.playback.value.phase == "opening"
        text = "live: there is no end to seek in" if live else "opening…" if opening else ""
        painter.setPen(DIM)
        painter.drawText(lane, Qt.AlignmentFlag.AlignCenter, text or "no recording")

    def _paint_whole(self, painter: QPainter, lane: QRectF, axis: Axis) -> None:
        """Draw rate, marks, sightings and the position."""
        overview, part = self._state.overview.value, self._state.playback.value
        if overview is None:
            return
        height = round(lane.height()) - _MARKS_H
        drawn = self._drawn
        if drawn is None or drawn[0] is not overview or drawn[1] != (axis, height):
            rates = rate_columns(overview, axis)
            top_hz = max(float(rates.max()), 1.0)
            colours = (LANE.rgb(), OFF.rgb(), ON.rgb())
            picture = rate_picture(rates / top_hz, height, colours)
            self._drawn = drawn = (overview, (axis, height), picture, top_hz)
        _, _, picture, top_hz = drawn
        painter.drawImage(lane.topLeft(), image_over(picture))
        self._paint_sightings(painter, lane)
        if part.mark_in_us is not None or part.mark_out_us is not None:
            begin_us = axis.begin_us if part.mark_in_us is None else part.mark_in_us
            end_us = axis.end_us if part.mark_out_us is None else part.mark_out_us
            left, right = axis.column(begin_us), axis.column(end_us)
            marked = QRectF(lane.left() + left, lane.top(), right - left, lane.height())
            painter.fillRect(marked, MARKED)
            painter.setPen(QPen(MARK, 2))
            for at, is_set in ((left, part.mark_in_us), (right, part.mark_out_us)):
                if is_set is not None:
                    x = lane.left() + at
                    painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))
        x = lane.left() + axis.column(part.position_us)
        painter.setPen(QPen(PLAYHEAD, 1.5))
        painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))
        painter.setPen(DIM)
        painter.drawText(QPointF(lane.left() + 4, lane.top() + 11), f"peak {rate(top_hz)}")
        end = clock(axis.end_us - axis.begin_us)
        sofar = "" if overview.share >= 1 else f"looking through… {overview.share:.0%}   "
        place = lane.adjusted(0, 1, -4, 0)
        painter.drawText(
            place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, f"{sofar}{end}"
        )

    def _paint_sightings(self, painter: QPainter, lane: QRectF) -> None:
        """Draw where objects were seen so far, and alarms."""
        bins = self._sightings.objects.size
        scale = lane.width() / bins
        top = lane.bottom() - _MARKS_H + 2
        for flags, colour in (
            (self._sightings.objects > 0, OBJECT),
            (self._sightings.alarms, ALARM),
        ):
            edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
            for first, last in edges.reshape(-1, 2).tolist():
                left = lane.left() + first * scale
                width = max((last - first) * scale, 1.0)
                painter.fillRect(QRectF(left, top, width, _MARKS_H - 3), colour)

    def _paint_recent(self, painter: QPainter, lane: QRectF) -> None:
        """Draw the latest slices by how they ended, their rates, and the trigger's potential."""
        history = self._state.history.value
        axis = recent_axis(history, int(lane.width()), self._state.playback.value.speed)
        if axis is None:
            painter.setPen(DIM)
            painter.drawText(lane, Qt.AlignmentFlag.AlignCenter, "slices appear here")
            return
        painter.save()
        painter.setClipRect(lane)
        rows = slice_rates(history, axis)
        body = lane.adjusted(0, 14, 0, -10)
        spans_s = np.maximum(rows["t1"] - rows["t0"], 1) / 1e6
        rates = np.stack([rows["off"], rows["on"]]) / spans_s
        top_hz = max(float(rates.max(initial=0.0)), 1.0)
        middle = body.center().y()
        seen = set()
        for row, (off, on) in zip(rows, (rates / top_hz * body.height() / 2).T, strict=True):
            left = lane.left() + axis.column(int(row["t0"]))
            right = lane.left() + axis.column(int(row["t1"]))
            width = max(right - left, 0.7)
            painter.fillRect(QRectF(left, middle - on, width, on), ON)
            painter.fillRect(QRectF(left, middle, width, off), OFF)
            ending = ENDINGS[int(row["ended_by"])]
            seen.add(ending)
            ended = QRectF(left, lane.bottom() - 8, max(width - 1, 0.7), 6)
            painter.fillRect(ended, END_COLOURS[ending])
            if row["alarm"] or row["objects"]:
                colour = ALARM if row["alarm"] else OBJECT
                painter.fillRect(QRectF(left, body.top() - 2, width, 2), colour)
        self._paint_potential(painter, body, axis)
        self._paint_legend(painter, lane, top_hz, seen)
        painter.restore()

    def _paint_potential(self, painter: QPainter, body: QRectF, axis: Axis) -> None:
        """Draw the potential as a share of the threshold, which is a dashed line."""
        times, values = potential_on(self._state.history.value, axis)
        if not times.size:
            return
        threshold = body.top() + body.height() * 0.2
        height = body.bottom() - threshold
        x = body.left() + (times - axis.begin_us) / (axis.end_us - axis.begin_us) * axis.width
        y = body.bottom() - np.minimum(values, 1.25) * height
        painter.setPen(QPen(POTENTIAL, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(body.left(), threshold), QPointF(body.right(), threshold))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        painter.setPen(QPen(POTENTIAL, 1.5))
        points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_legend(
        self, painter: QPainter, lane: QRectF, top_hz: float, endings: set[str]
    ) -> None:
        """Say what the colours of slices mean."""
        painter.setPen(DIM)
        text = f"slices, peak {rate(top_hz)}"
        baseline = lane.top() + 11
        painter.drawText(QPointF(lane.left() + 4, baseline), text)
        metrics = painter.fontMetrics()
        x = lane.left() + 4 + metrics.horizontalAdvance(text) + 16
        entries = [(END_WORDS[name], END_COLOURS[name]) for name in ENDINGS if name in endings]
        if self._state.history.value.trace.size:
            entries.append(("potential, threshold dashed", POTENTIAL))
        for words, colour in entries:
            painter.fillRect(QRectF(x, baseline - 8, 8, 8), colour)
            painter.setPen(DIM)
            painter.drawText(QPointF(x + 12, baseline), words)
            x += 12 + metrics.horizontalAdvance(words) + 14

    def _take_history(self, _history: object) -> None:
        history, axis = self._state.history.value, self.axis()
        rows = history.rows
        if axis is not None:
            new = rows[rows["t1"] > self._seen_us] if rows.size else rows
            if rows.size and int(rows["t1"][-1]) < self._seen_us:
                new = rows[-8:]
            self._sightings.add(new, axis.begin_us, axis.end_us)
            self._seen_us = int(rows["t1"][-1]) if rows.size else 0
        self.update()

    def _again(self, _value: object) -> None:
        self.update()

    def _scrub(self, event: QMouseEvent | None) -> None:
        axis = self.axis()
        if event is not None and axis is not None and self._controller.playback.can_seek:
            self._controller.playback.scrub(self._time_at(axis, event))

    def _time_at(self, axis: Axis, event: QMouseEvent) -> int:
        column = event.position().x() - _MARGIN
        return min(max(axis.begin_us, axis.time_us(column)), axis.end_us)
