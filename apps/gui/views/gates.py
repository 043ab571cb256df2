"""Lines and zones over a picture, with what was counted there."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QLineF, QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

from eventvision.core import Counts

from ..geometry import Mapping

_GATE = QColor(0x4A, 0xC9, 0x8A)
_INK = QColor(0x0A, 0x0C, 0x12)
_WAY_PX = 10.0


def draw_counts(painter: QPainter, counts: Counts, mapping: Mapping) -> None:
    """Draw every line, with a stroke on the side that is forward, and every zone, with totals."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for zone in counts.zones:
        painter.setPen(QPen(_GATE, 2))
        corners = _placed(zone.corners, mapping)
        painter.drawPolygon(QPolygonF(corners))
        stay = f", {zone.dwell_us / 1e6:.1f} s each" if zone.dwell_us else ""
        top = min(corners, key=lambda corner: corner.y())
        _write(painter, top, f"{zone.name}: {zone.inside} now, {zone.entered} came{stay}")
    for line in counts.lines:
        whole = QLineF(*_placed((line.start, line.end), mapping))
        draw_line(painter, whole)
        _write(painter, whole.center(), f"{line.name}: {line.forward} on, {line.backward} back")


def draw_line(painter: QPainter, whole: QLineF) -> None:
    """Draw a line, and a stroke to the side that is forward."""
    painter.setPen(QPen(_GATE, 2))
    painter.drawLine(whole)
    way = whole.normalVector()
    way.setLength(-_WAY_PX)
    way.translate(whole.center() - whole.p1())
    painter.drawLine(way)


def _placed(points: Sequence[tuple[float, float]], mapping: Mapping) -> list[QPointF]:
    return [QPointF(*mapping.to_view(x, y)) for x, y in points]


def _write(painter: QPainter, at: QPointF, text: str) -> None:
    metrics = painter.fontMetrics()
    box = metrics.boundingRect(text).adjusted(-3, -1, 3, 1)
    box.moveTo(round(at.x()) + 4, max(0, round(at.y()) - box.height() - 3))
    painter.fillRect(box, _GATE)
    painter.setPen(_INK)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
