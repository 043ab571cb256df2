"""One event view: the picture that the renderer drew, and what lies over it."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QImage,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PyQt6.QtWidgets import QMenu, QSizePolicy, QWidget

from eventvision.core import SensorSize

from ..bases import Picture
from ..controller import Controller
from ..drawing import Shown
from ..geometry import Mapping, moved, zoomed
from ..state import AppState, Viewport
from ..words import BASE_HINTS
from .images import image_over
from .overlay import draw_overlay, draw_region
from .theme_style import theme_of

WHEEL_STEP = 1.25


class EventView(QWidget):
    """Shows one of the pictures of every moment; zooms with the wheel, moves by dragging.

    With `choosing` on, dragging chooses a rectangle instead.
    """

    def __init__(self, state: AppState, controller: Controller, index: int) -> None:
        super().__init__()
        self._state, self._controller, self._index = state, controller, index
        self._image: QImage | None = None
        self._picture: Picture | None = None
        self._shown: Shown | None = None
        self._grip: tuple[QPointF, Viewport] | None = None
        self._corner: tuple[float, float] | None = None
        self._region: tuple[int, int, int, int] | None = None
        self.choosing = False
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(160, 120))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
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

    def choose_region(self, *, on: bool) -> None:
        """Let dragging choose a rectangle, or not."""
        self.choosing, self._corner, self._region = on, None, None
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
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
        theme = theme_of(self)
        painter.fillRect(self.rect(), QColor(theme.around))
        mapping = self.mapping()
        if self._image is not None and self._shown is not None and mapping is not None:
            self._controller.renderer.fit(self._index, mapping.scale * self.devicePixelRatioF())
            self._paint_picture(painter, self._image, self._shown.sensor, mapping)
            views = self._state.views.value.views
            if self._index < len(views):
                view, pipeline = views[self._index], self._state.pipeline.value
                overlay = self._shown.overlay.of_tasks(pipeline.on)
                draw_overlay(painter, overlay, view, mapping, pipeline.regions)
                if view.base not in overlay.bases:
                    self._paint_hint(painter, BASE_HINTS[view.base])
            if self._region is not None:
                draw_region(painter, self._region, mapping, is_on=False)
        else:
            self._paint_empty(painter)
        part = self._state.views.value
        if len(part.views) > 1 and part.active == self._index:
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_picture(
        self, painter: QPainter, image: QImage, sensor: SensorSize, mapping: Mapping
    ) -> None:
        """Copy the picture if it has been drawn in this size; else stretch it for the moment."""
        target = QRectF(mapping.left, mapping.top, mapping.width, mapping.height)
        ratio = self.devicePixelRatioF()
        if image.width() < sensor.width and image.width() == round(target.width() * ratio):
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
        sensor = self._sensor
        if event is None or sensor is None:
            return
        factor = WHEEL_STEP ** (event.angleDelta().y() / 120)
        at = event.position()
        size = (self.width(), self.height())
        viewport = zoomed(sensor, size, self._viewport, factor, (at.x(), at.y()))
        self._controller.views.look(viewport, self._index)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Make this view the active one; begin to drag, or to choose."""
        if event is None:
            return
        self._controller.views.activate(self._index)
        if event.button() == Qt.MouseButton.LeftButton:
            mapping = self.mapping()
            if self.choosing and mapping is not None:
                self._corner = mapping.to_sensor(event.position().x(), event.position().y())
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
        if self._corner is not None:
            self._region = _rectangle(self._corner, (x, y), sensor)
            self.update()
        elif self._grip is not None:
            start, before = self._grip
            by = event.position() - start
            size = (self.width(), self.height())
            self._controller.views.look(moved(sensor, size, before, (by.x(), by.y())), self._index)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End dragging; ask what to do with what was chosen."""
        self._grip = None
        if event is None or self._corner is None:
            return
        region, at = self._region, event.globalPosition().toPoint()
        self._corner = None
        if region is not None and region[2] > 1 and region[3] > 1:
            menu = self._region_menu(region)
            menu.exec(at)
            menu.deleteLater()
        self.choose_region(on=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show the whole sensor."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._controller.views.look(Viewport(), self._index)

    def leaveEvent(self, _event: object) -> None:  # noqa: N802 - Qt's name
        """Mean no pixel any more."""
        self._controller.renderer.probe(-1, -1)

    def _region_menu(self, region: tuple[int, int, int, int]) -> QMenu:
        """Return what can be done with a rectangle."""
        x, y, width, height = region
        text = f"{width}x{height}+{x}+{y}"
        menu = QMenu(self)
        pipeline = self._controller.pipeline
        for words, act in (
            ("Raise an alarm when an object enters", lambda: pipeline.watch_region(text)),
            ("Count the objects in it", lambda: pipeline.count_in(text)),
            ("Keep only the events in it (filter)", lambda: pipeline.add_filter(f"roi:{text}")),
            ("Zoom to it", lambda: self._look_at(region)),
        ):
            action = menu.addAction(words)
            if action is not None:
                action.triggered.connect(lambda _checked=False, act=act: act())
        menu.addSeparator()
        cancel = menu.addAction("Nothing")
        if cancel is not None:
            cancel.setShortcut(QKeySequence("Esc"))
        return menu

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


def _rectangle(
    one: tuple[float, float], other: tuple[float, float], sensor: SensorSize
) -> tuple[int, int, int, int]:
    """Return x, y, width and height of the pixels between two corners, within the sensor."""
    left, right = sorted(
        (min(max(0.0, one[0]), sensor.width), min(max(0.0, other[0]), sensor.width))
    )
    top, bottom = sorted(
        (min(max(0.0, one[1]), sensor.height), min(max(0.0, other[1]), sensor.height))
    )
    x, y = int(left), int(top)
    return x, y, max(1, round(right) - x), max(1, round(bottom) - y)
