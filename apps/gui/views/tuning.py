"""A slider on a logarithmic scale, with its value beside it."""

from __future__ import annotations

import math

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from ..filter_forms import Range

_STEPS = 200


class Tuner(QWidget):
    """Chooses a value within a range."""

    changed = pyqtSignal()

    def __init__(self, range_: Range) -> None:
        super().__init__()
        self._range = range_
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, _STEPS)
        self._slider.setMinimumWidth(60)
        self._label = QLabel()
        self._label.setMinimumWidth(52)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._slider, 1)
        line.addWidget(self._label)
        self._slider.valueChanged.connect(self._moved)
        self._is_told = False

    @property
    def value(self) -> float:
        """The value chosen."""
        share = self._slider.value() / _STEPS
        low, high = math.log(self._range.least), math.log(self._range.most)
        return _rounded(math.exp(low + share * (high - low)))

    def show_value(self, value: float) -> None:
        """Show a value without telling of a change."""
        low, high = math.log(self._range.least), math.log(self._range.most)
        bounded = min(max(value, self._range.least), self._range.most)
        self._is_told = True
        self._slider.setValue(round((math.log(bounded) - low) / (high - low) * _STEPS))
        self._is_told = False
        self._label.setText(self._range.words(value))

    def _moved(self) -> None:
        self._label.setText(self._range.words(self.value))
        if not self._is_told:
            self.changed.emit()


def _rounded(value: float) -> float:
    """Return a value with two digits, as people choose them."""
    digits = 1 - math.floor(math.log10(value))
    return round(value, digits)
