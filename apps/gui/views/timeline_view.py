"""The timeline: the whole recording above, the latest slices and the trigger below."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt
from PyQt6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ..controller import Controller
from ..state import AppState
from ..threads import undisturbed
from ..timeline import Axis, Sightings, recent_axis, whole_axis
from .calm import Calm
from .lanes import Inks, WholeLane, paint_recent
from .observing import observe_while
from .theme_style import theme_of

_MARGIN, _WHOLE_H, _GAP = 8, 54, 6
_FONT_PX = 10
_PAINT_EVERY_MS = 60
"""What moves here moves a pixel or two in that time."""


class TimelineView(QWidget):
    """Draws lanes; a click or a drag on the upper one seeks."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        self._state, self._controller = state, controller
        self._sightings = Sightings()
        self._whole = WholeLane()
        self._seen_us = 0
        self._inks = Inks(theme_of(self))
        self._calm = Calm(self, _PAINT_EVERY_MS)
        self.setMinimumHeight(_WHOLE_H + 2 * _GAP + 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        self.setToolTip("Click to go there, drag to look through; i and p mark IN and OUT")
        observe_while(self, state.history, self._take_history)
        observe_while(self, state.overview, lambda _overview: self._calm.ask())
        observe_while(self, state.playback, lambda _part: self._calm.ask())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a height at which everything is legible."""
        return QSize(800, 170)

    def axis(self) -> Axis | None:
        """Return the axis of the whole recording; None where there is none."""
        overview = self._state.overview.value
        if overview is None:
            return None
        return whole_axis(overview, self.width() - 2 * _MARGIN)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme."""
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._inks = Inks(theme_of(self))
            self.update()
        super().changeEvent(event)

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
        with undisturbed():
            self._paint(painter, self._inks)
        painter.end()

    def _paint(self, painter: QPainter, inks: Inks) -> None:
        painter.fillRect(self.rect(), inks.ground)
        font = QFont(painter.font())
        font.setPixelSize(_FONT_PX)
        painter.setFont(font)
        width = self.width() - 2 * _MARGIN
        whole = QRectF(_MARGIN, _GAP, width, _WHOLE_H)
        top = whole.bottom() + _GAP
        recent = QRectF(_MARGIN, top, width, self.height() - top - _GAP)
        painter.fillRect(whole, inks.lane)
        painter.fillRect(recent, inks.lane)
        overview, axis = self._state.overview.value, self.axis()
        part, history = self._state.playback.value, self._state.history.value
        if overview is None or axis is None:
            self._say(painter, whole, self._why_none())
        else:
            self._whole.paint(painter, whole, inks, overview, axis, part, self._sightings)
        latest = recent_axis(history, int(recent.width()), part.speed)
        if latest is None:
            self._say(painter, recent, "slices appear here")
        else:
            paint_recent(painter, recent, inks, history, latest)

    def _why_none(self) -> str:
        if self._state.source.value.is_live:
            return "live: there is no end to seek in"
        return "opening…" if self._state.playback.value.phase == "opening" else "no recording"

    def _say(self, painter: QPainter, lane: QRectF, text: str) -> None:
        painter.setPen(self._inks.faint)
        painter.drawText(lane, Qt.AlignmentFlag.AlignCenter, text)

    def _take_history(self, _history: object) -> None:
        history, axis = self._state.history.value, self.axis()
        rows = history.rows
        if axis is not None:
            new = rows[rows["t1"] > self._seen_us] if rows.size else rows
            if rows.size and int(rows["t1"][-1]) < self._seen_us:
                new = rows[-8:]
            self._sightings.add(new, axis.begin_us, axis.end_us)
            self._seen_us = int(rows["t1"][-1]) if rows.size else 0
        self._calm.ask()

    def _scrub(self, event: QMouseEvent | None) -> None:
        axis = self.axis()
        if event is not None and axis is not None and self._controller.playback.can_seek:
            self._controller.playback.scrub(self._time_at(axis, event))

    def _time_at(self, axis: Axis, event: QMouseEvent) -> int:
        column = event.position().x() - _MARGIN
        return min(max(axis.begin_us, axis.time_us(column)), axis.end_us)
