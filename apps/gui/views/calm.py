"""Painting a widget no more often than anybody can see, however often what it shows changes."""

from __future__ import annotations

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QWidget


class Calm:
    """Updates a widget soon, once for all that asks meanwhile.

    Args:
        widget: What is painted.
        every_ms: Shortest time between two paintings.
    """

    def __init__(self, widget: QWidget, every_ms: int) -> None:
        self._timer = QTimer(widget)
        self._timer.setSingleShot(True)
        self._timer.setInterval(every_ms)
        self._timer.timeout.connect(widget.update)

    def ask(self) -> None:
        """Let the widget be painted soon."""
        if not self._timer.isActive():
            self._timer.start()
