"""The line above a view that says what its colours mean: as many of them as there is room for."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ..legend import Legend
from ..palettes import depth_ramp
from .images import image_over

_SQUARE, _GAP, _RAMP_W = 9, 10, 72


class LegendLine(QWidget):
    """Draws squares with words; what has no room is in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._legend = Legend()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("What the colours mean")

    def show_legend(self, legend: Legend) -> None:
        """Show another legend."""
        if legend == self._legend:
            return
        self._legend = legend
        words = [words for _, words in legend.entries]
        if legend.nearest:
            words.insert(0, f"{legend.nearest} (red) to {legend.farthest} (blue)")
        self.setToolTip("\n".join(words))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the height of a line."""
        return QSize(60, self.fontMetrics().height() + 4)

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw from the left, the whole to the right."""
        painter, legend, metrics = QPainter(self), self._legend, self.fontMetrics()
        widths = [_SQUARE + 4 + metrics.horizontalAdvance(words) for _, words in legend.entries]
        ramp = self._ramp_width()
        room = self.width() - ramp - metrics.horizontalAdvance("…") - _GAP
        count = len(widths)
        while count and sum(widths[:count]) + _GAP * count > room + (count == len(widths)) * _GAP:
            count -= 1
        shown = sum(widths[:count]) + _GAP * max(0, count - 1)
        cut = count < len(widths)
        used = ramp + shown + (metrics.horizontalAdvance("…") + _GAP if cut else 0)
        x = float(max(0, self.width() - used))
        baseline = (self.height() + metrics.ascent() - metrics.descent()) / 2
        text = self.palette().windowText().color()
        painter.setPen(text)
        if ramp:
            x = self._paint_ramp(painter, x, baseline)
        for (colour, words), width in zip(legend.entries[:count], widths[:count], strict=True):
            square = QRectF(x, baseline - _SQUARE + 1, _SQUARE, _SQUARE)
            painter.fillRect(square, QColor(colour & 0xFFFFFF))
            painter.setPen(self.palette().mid().color())
            painter.drawRect(square)
            painter.setPen(text)
            painter.drawText(QPointF(x + _SQUARE + 4, baseline), words)
            x += width + _GAP
        if cut:
            painter.drawText(QPointF(x, baseline), "…")

    def _ramp_width(self) -> int:
        if not self._legend.nearest:
            return 0
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance(self._legend.nearest + self._legend.farthest)
        return words + _RAMP_W + 8 + _GAP

    def _paint_ramp(self, painter: QPainter, x: float, baseline: float) -> float:
        """Draw the colours of depth between the nearest and the farthest; return where it ends."""
        metrics, legend = self.fontMetrics(), self._legend
        painter.drawText(QPointF(x, baseline), legend.nearest)
        x += metrics.horizontalAdvance(legend.nearest) + 4
        ramp = np.ascontiguousarray(depth_ramp()[None])
        painter.drawImage(QRectF(x, baseline - _SQUARE + 1, _RAMP_W, _SQUARE), image_over(ramp))
        x += _RAMP_W + 4
        painter.drawText(QPointF(x, baseline), legend.farthest)
        return x + metrics.horizontalAdvance(legend.farthest) + _GAP
