"""One event view: the picture that the renderer drew, and what lies over it."""

from __future__ import annotations

import math

from PyQt6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from eventvision.core import SensorSize

from ..bases import Picture
from ..controller import Controller
from ..drawing import Shown
from ..geometry import Mapping, moved, zoomed
from ..state import AppState, Viewport
from ..threads import undisturbed
from ..words import BASE_HINTS
from .chooser import Chooser, Wanted, region_menu
from .images import image_over
from .overlay import draw_overlay
from .theme_style import theme_of

WHEEL_STEP = 1.25
ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
ZOOMS: dict[int, int] = {Qt.Key.Key_PageUp: 1, Qt.Key.Key_PageDown: -1}
ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


class EventView(QWidget):
    """Shows one of the pictures of every moment; zooms with the wheel, moves by dragging.

    Dragging chooses a rectangle or a line instead once `choose` has been called.
    """

    def __init__(self, state: AppState, controller: Controller, index: int) -> None:
        super().__init__()
        self._state, self._controller, self._index = state, controller, index
        self._image: QImage | None = None
        self._picture: Picture | None = None
        self._shown: Shown | None = None
        self._grip: tuple[QPointF, Viewport] | None = None
        self._chooser = Chooser()
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(160, 120))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(f"Event view {index + 1}")

    def show_picture(self, shown: Shown) -> None:
        """Show a moment; the picture is used where it lies, not copied."""
        if self._index >= len(shown.pictures):
            return
        picture = shown.pictures[self._index]
        self._image = image_over(picture)
        self._picture, self._shown = picture, shown
        self.update()

    def forget_picture(self) -> None:
        """Show nothing."""
        self._image = self._picture = self._shown = None
        self.update()

    @property
    def wanted(self) -> Wanted:
        """What the next drag chooses; empty for nothing."""
        return self._chooser.wanted

    def choose(self, wanted: Wanted) -> None:
        """Let dragging choose something, or nothing."""
        self._chooser.want(wanted)
        if wanted:
            self.setFocus()
        self.setCursor(Qt.CursorShape.CrossCursor if wanted else Qt.CursorShape.ArrowCursor)
        self.update()

    def mapping(self) -> Mapping | None:
        """Return where the sensor lies in the view; None where there is nothing to see."""
        if self._shown is None:
            return None
        return Mapping.of(self._shown.sensor, self.width(), self.height(), self._viewport)

    @property
    def _viewport(self) -> Viewport:
        viewports = self._state.views.value.viewports
        return viewports[min(self._index, len(viewports) - 1)]

    @property
    def _sensor(self) -> SensorSize | None:
        return None if self._shown is None else self._shown.sensor

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw picture, overlay and frame."""
        painter = QPainter(self)
        with undisturbed():
            self._paint(painter)
        painter.end()

    def _paint(self, painter: QPainter) -> None:
        theme, mapping = theme_of(self), self.mapping()
        if self._image is not None and self._shown is not None and mapping is not None:
            self._controller.renderer.fit(self._index, mapping.scale * self.devicePixelRatioF())
            self._paint_around(painter, mapping, QColor(theme.around))
            self._paint_picture(painter, self._image, mapping)
            self._paint_over(painter, self._shown, mapping)
        else:
            painter.fillRect(self.rect(), QColor(theme.around))
            self._paint_empty(painter)
        part = self._state.views.value
        if len(part.views) > 1 and part.active == self._index:
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_around(self, painter: QPainter, mapping: Mapping, colour: QColor) -> None:
        """Fill what the picture leaves free: beside it, or above and below."""
        width, height = self.width(), self.height()
        left, top = math.ceil(mapping.left), math.ceil(mapping.top)
        right = math.floor(mapping.left + mapping.width) - 1
        bottom = math.floor(mapping.top + mapping.height) - 1
        if left > 0:
            painter.fillRect(0, 0, left, height, colour)
        if right < width:
            painter.fillRect(right, 0, width - right, height, colour)
        if top > 0:
            painter.fillRect(0, 0, width, top, colour)
        if bottom < height:
            painter.fillRect(0, bottom, width, height - bottom, colour)

    def _paint_over(self, painter: QPainter, shown: Shown, mapping: Mapping) -> None:
        views = self._state.views.value.views
        if self._index < len(views):
            view, pipeline = views[self._index], self._state.pipeline.value
            overlay = shown.overlay.of_tasks(pipeline.on)
            draw_overlay(painter, overlay, view, mapping, pipeline.regions)
            if view.base not in overlay.bases:
                self._paint_hint(painter, BASE_HINTS[view.base])
        self._chooser.paint(painter, mapping)

    def _paint_picture(self, painter: QPainter, image: QImage, mapping: Mapping) -> None:
        """Copy the picture if it has been drawn in this size; else stretch it for the moment."""
        target = QRectF(mapping.left, mapping.top, mapping.width, mapping.height)
        ratio = self.devicePixelRatioF()
        if image.width() == round(target.width() * ratio):
            image.setDevicePixelRatio(ratio)
            painter.drawImage(target.topLeft().toPoint(), image)
        else:
            painter.drawImage(target, image)

    def _paint_hint(self, painter: QPainter, text: str) -> None:
        theme, metrics = theme_of(self), painter.fontMetrics()
        height = metrics.height() + 6
        plate = QRectF(0, self.height() - height, metrics.horizontalAdvance(text) + 16, height)
        painter.fillRect(plate, QColor(theme.window))
        painter.setPen(QColor(theme.faint))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_empty(self, painter: QPainter) -> None:
        phase = self._state.playback.value.phase
        text = {
            "opening": "Opening…",
            "failed": "Nothing to show: see Problems",
            "playing": "Waiting for events…",
        }.get(phase, "Open a recording (Ctrl+O), or drop one here")
        painter.setPen(QColor(theme_of(self).faint))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Zoom around the pointer."""
        if event is not None:
            self._zoom(WHEEL_STEP ** (event.angleDelta().y() / 120), event.position())
            event.accept()

    def _zoom(self, factor: float, at: QPointF) -> None:
        if (sensor := self._sensor) is not None:
            size = (self.width(), self.height())
            viewport = zoomed(sensor, size, self._viewport, factor, (at.x(), at.y()))
            self._controller.views.look(viewport, self._index)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Make this view the active one; begin to drag, or to choose."""
        if event is None:
            return
        self._controller.views.activate(self._index)
        if event.button() == Qt.MouseButton.LeftButton:
            mapping, sensor = self.mapping(), self._sensor
            if self._chooser.wanted and mapping is not None and sensor is not None:
                at = mapping.to_sensor(event.position().x(), event.position().y())
                self._chooser.begin(at, sensor)
            else:
                self._grip = (event.position(), self._viewport)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Tell which pixel is meant; go on dragging."""
        mapping, sensor = self.mapping(), self._sensor
        if event is None or mapping is None or sensor is None:
            return
        x, y = mapping.to_sensor(event.position().x(), event.position().y())
        inside = 0 <= x < sensor.width and 0 <= y < sensor.height
        self._controller.renderer.probe(*((int(x), int(y)) if inside else (-1, -1)))
        if self._chooser.is_dragging:
            self._chooser.move((x, y), sensor)
            self.update()
        elif self._grip is not None:
            start, before = self._grip
            by = event.position() - start
            size = (self.width(), self.height())
            self._controller.views.look(moved(sensor, size, before, (by.x(), by.y())), self._index)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End dragging, and use what was chosen."""
        self._grip = None
        if event is not None and self._chooser.is_dragging:
            self._use_choice(event.globalPosition().toPoint())

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move and zoom with arrows and pages; choose with arrows and Return."""
        sensor = self._sensor
        if event is None or sensor is None:
            return super().keyPressEvent(event)
        key, small = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        right, down = ARROWS.get(key, (0, 0))
        if self._chooser.wanted and key in ENDS:
            self._end_choice(is_wanted=key != Qt.Key.Key_Escape, sensor=sensor)
        elif self._chooser.wanted and key in ARROWS:
            step = 1 if small else max(1, sensor.width // 50)
            self._chooser.nudge(right * step, down * step, sensor)
            self.update()
        elif key in ARROWS:
            by = (-right * self.width() / 10, -down * self.height() / 10)
            size = (self.width(), self.height())
            self._controller.views.look(moved(sensor, size, self._viewport, by), self._index)
        elif key in ZOOMS:
            self._zoom(WHEEL_STEP ** ZOOMS[key], QPointF(self.width() / 2, self.height() / 2))
        else:
            super().keyPressEvent(event)
        return None

    def _end_choice(self, *, is_wanted: bool, sensor: SensorSize) -> None:
        """Begin what is chosen with the keyboard, or end it."""
        if not is_wanted:
            self.choose("")
        elif self._chooser.is_dragging:
            self._use_choice(self.mapToGlobal(self.rect().center()))
        else:
            self._chooser.begin_at_cross(sensor)
            self.update()

    def _use_choice(self, at: QPoint) -> None:
        """Count at the line that was chosen, or ask what to do with a rectangle."""
        region, line = self._chooser.region, self._chooser.line
        pipeline = self._controller.pipeline
        self.choose("")
        if region is not None:
            menu = region_menu(self, region, pipeline, lambda: self._look_at(region))
            menu.exec(at)
            menu.deleteLater()
        elif line is not None:
            (x0, y0), (x1, y1) = line
            pipeline.count_at(f"line={x0:.0f}x{y0:.0f}-{x1:.0f}x{y1:.0f}")

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the whole sensor."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._controller.views.look(Viewport(), self._index)

    def leaveEvent(self, _event: object) -> None:  # noqa: N802 - Qt's name
        """Mean no pixel any more."""
        self._controller.renderer.probe(-1, -1)

    def _look_at(self, region: tuple[int, int, int, int]) -> None:
        sensor = self._sensor
        if sensor is None:
            return
        x, y, width, height = region
        fit = min(self.width() / sensor.width, self.height() / sensor.height)
        zoom = min(self.width() / width, self.height() / height) / fit
        middle = Viewport(
            x=(x + width / 2) / sensor.width, y=(y + height / 2) / sensor.height, zoom=zoom
        )
        self._controller.views.look(middle, self._index)
