"""The 3-D view: events in x, y and time, turned with the mouse or the arrow keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from eventvision.core import Slice

from ..amounts import span_text
from ..cloud import (
    DEFAULT_SPAN_US,
    VIEWS,
    Cloud,
    Orbit,
    age_colours,
    fading_colours,
)
from ..cloud_artist import CloudArtist, Wish
from ..theme import DARK, Theme
from .cloud_box import draw_box
from .theme_style import theme_of

_DEGREES_PER_PX = 0.4
_KEY_DEGREES = 6.0
_HINT = "drag: turn   right drag: move   wheel: zoom   double click: as at first"
AGES_DARK = (0xFFF3B0, 0xF7A24B, 0xC2457A, 0x5B2A86, 0x261447)
AGES_LIGHT = (0x2B0F54, 0x8A226A, 0xD24644, 0xF29B4B, 0xF2D9A0)


Slices = Callable[[], Sequence[Slice]]


class CloudView(QWidget):
    """Shows slices as a cloud; draws only while it is visible.

    Args:
        slices: Returns the latest slices.
        parent: As for all widgets.
    """

    _drawn = pyqtSignal()

    def __init__(self, slices: Slices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slices = slices
        self._span_us = DEFAULT_SPAN_US
        self._now_us: int | None = None
        self._theme = DARK
        self._by_age = False
        self._colours = fading_colours(0, 0, 0)
        self._artist = CloudArtist(self._drawn.emit)
        self._orbit = Orbit()
        self._point_px = 2
        self._pressed: QPointF | None = None
        self._drawn.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("3-D view of events")
        self.setToolTip(
            "The last moments in x, y and time; new events are in front.\n"
            "Drag or press the arrow keys to turn, the wheel or + and - to zoom, Home to reset."
        )
        self.set_theme(theme_of(self))

    @property
    def orbit(self) -> Orbit:
        """From where the cloud is looked at."""
        return self._orbit

    def set_orbit(self, orbit: Orbit) -> None:
        """Look from elsewhere."""
        self._orbit = orbit
        self._draw()

    @property
    def span_us(self) -> int:
        """Length of the time axis."""
        return self._span_us

    def set_span(self, span_us: int) -> None:
        """Reach so far back."""
        self._span_us = span_us
        self._draw()

    def show_at(self, now_us: int) -> None:
        """Draw anew, as of a moment."""
        self._now_us = now_us
        self._draw()

    def set_theme(self, theme: Theme) -> None:
        """Use the colours of a theme."""
        self._theme = theme
        self._recolour()

    def set_by_age(self, *, by_age: bool) -> None:
        """Colour events by age instead of polarity."""
        self._by_age = by_age
        self._recolour()

    def set_point_px(self, point_px: int) -> None:
        """Draw points of this size."""
        self._point_px = point_px
        self._draw()

    def _recolour(self) -> None:
        theme = self._theme
        if self._by_age:
            self._colours = age_colours(AGES_DARK if theme.is_dark else AGES_LIGHT)
        else:
            self._colours = fading_colours(theme.event_off, theme.event_on, theme.stage)
        self._draw()

    def _draw(self) -> None:
        """Let the artist draw what there is now."""
        if not self.isVisible():
            return
        ratio = self.devicePixelRatioF()
        self._artist.want(
            Wish(
                self._slices(),
                self._now_us,
                self._span_us,
                self._orbit,
                max(1, round(self.width() * ratio)),
                max(1, round(self.height() * ratio)),
                max(1, round(self._point_px * ratio)),
                self._colours,
                0xFF000000 | self._theme.stage,
            )
        )

    def stop(self) -> None:
        """End the thread that draws, until something is to be drawn again."""
        self._artist.stop()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw at once."""
        super().showEvent(event)
        self._draw()

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw no more."""
        self.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw in the new size."""
        self._draw()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow the theme."""
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self.set_theme(theme_of(self))
        super().changeEvent(event)

    def paintEvent(self, _: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show what was drawn, its box, and what the axes mean."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.stage))
        drawn = self._artist.take()
        if drawn is None:
            self._say(painter, "preparing the 3-D view …")
            return
        wish, cloud = drawn.wish, drawn.cloud
        size = wish.width_px, wish.height_px
        image = QImage(drawn.pixels, *size, 4 * size[0], QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(self.devicePixelRatioF())
        painter.drawImage(0, 0, image)
        if cloud is None:
            self._say(painter, "no events yet: open a recording or a camera")
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_box(painter, cloud, wish.orbit, self._theme, (self.width(), self.height()))
        self._draw_words(painter, cloud)

    def _draw_words(self, painter: QPainter, cloud: Cloud) -> None:
        thinned = "" if cloud.every == 1 else f", 1 of {cloud.every} shown"
        painter.setPen(QColor(self._theme.text))
        line = painter.fontMetrics().height()
        painter.drawText(
            10, 4 + line, f"{cloud.points:,} events in {span_text(cloud.span_us)}{thinned}"
        )
        painter.setPen(QColor(self._theme.faint))
        if painter.fontMetrics().horizontalAdvance(_HINT) + 20 < self.width():
            painter.drawText(10, 6 + 2 * line, _HINT)

    def _say(self, painter: QPainter, text: str) -> None:
        painter.setPen(QColor(self._theme.faint))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(12, 12, -12, -12), int(flags), text)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Begin to turn or to move."""
        if event is not None:
            self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Turn with the left button, move with another."""
        if event is None or self._pressed is None:
            return
        by = event.position() - self._pressed
        self._pressed = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton:
            turned = self._orbit.turned(by.x() * _DEGREES_PER_PX, by.y() * _DEGREES_PER_PX)
            self.set_orbit(turned)
        else:
            shorter = max(1, min(self.width(), self.height()))
            self.set_orbit(self._orbit.moved(by.x() / shorter, by.y() / shorter))

    def mouseReleaseEvent(self, _: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """End turning."""
        self._pressed = None

    def mouseDoubleClickEvent(self, _: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Look as at first."""
        self.set_orbit(Orbit())

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Zoom."""
        if event is not None:
            self.set_orbit(self._orbit.zoomed(1.0015 ** event.angleDelta().y()))
            event.accept()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Turn, zoom or reset by keyboard."""
        moved = None if event is None else self._after_key(event.key())
        if moved is not None:
            self.set_orbit(moved)
        else:
            super().keyPressEvent(event)

    def _after_key(self, key: int) -> Orbit | None:
        turns = {
            Qt.Key.Key_Left: (-_KEY_DEGREES, 0.0),
            Qt.Key.Key_Right: (_KEY_DEGREES, 0.0),
            Qt.Key.Key_Up: (0.0, -_KEY_DEGREES),
            Qt.Key.Key_Down: (0.0, _KEY_DEGREES),
        }
        if key in turns:
            return self._orbit.turned(*turns[Qt.Key(key)])
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            return self._orbit.zoomed(1.15)
        if key == Qt.Key.Key_Minus:
            return self._orbit.zoomed(1 / 1.15)
        return VIEWS["perspective"] if key == Qt.Key.Key_Home else None
