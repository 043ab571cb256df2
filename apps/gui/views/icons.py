"""Icons of the buttons that play, drawn in the colour of the text, sharp at any size."""

from __future__ import annotations

from typing import Literal

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygonF

Name = Literal["play", "pause", "back", "on", "record"]

_SIDE = 64
_RED = QColor(0xE5, 0x48, 0x4D)


def icon(name: Name, colour: QColor) -> QIcon:
    """Return an icon."""
    pixmap = QPixmap(_SIDE, _SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_RED if name == "record" else colour)
    match name:
        case "play":
            _triangle(painter, 18, 52)
        case "pause":
            _bar(painter, 17)
            _bar(painter, 37)
        case "back":
            _triangle(painter, 36, 8)
            _bar(painter, 44)
        case "on":
            _bar(painter, 10)
            _triangle(painter, 28, 56)
        case "record":
            painter.drawEllipse(QRectF(14, 14, 36, 36))
    painter.end()
    return QIcon(pixmap)


def _triangle(painter: QPainter, base: float, tip: float) -> None:
    corners = [QPointF(base, 12), QPointF(tip, 32), QPointF(base, 52)]
    painter.drawPolygon(QPolygonF(corners))


def _bar(painter: QPainter, left: float) -> None:
    painter.drawRect(QRectF(left, 12, 10, 40))
