"""Labels whose text changes all the time: they never lay their neighbours out anew for that.

A `QLabel` asks for a layout of the whole window with every text, and paints it again.
"""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QLabel, QWidget


class Figure(QLabel):
    """One line of text; as wide as the widest so far, until it is cleared.

    Args:
        text: What it says at first.
        parent: The widget that it belongs to.
        pad_px: Space on both sides; a style sheet takes margins away.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, *, pad_px: int = 0) -> None:
        super().__init__("", parent)
        self._text, self._width, self._pad_px = "", 0, pad_px
        self.setText(text)

    def text(self) -> str:
        """Return what it says."""
        return self._text

    def setText(self, text: str | None) -> None:  # noqa: N802 - Qt's name
        """Say something else."""
        text = text or ""
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        width = self.fontMetrics().horizontalAdvance(text)
        if width > self._width or not text:
            self._width = width
            self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Say nothing."""
        self.setText("")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size of the widest text."""
        width = self._width + 2 * self._pad_px if self._width else 0
        return QSize(width, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the same."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Write the text as a label would."""
        if not self._text:
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        sides = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        place = self.rect().adjusted(self._pad_px, 0, 0, 0)
        painter.drawText(place, sides | Qt.TextFlag.TextSingleLine, self._text)
