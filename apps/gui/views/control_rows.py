"""One widget for each kind of camera setting; each tells its new value by a callback."""

from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QSlider,
    QSpinBox,
    QVBoxLayout,
)

from eventvision.core import SensorSize

from ..camera_form import Control
from .control_row import LEFT_TO_CAMERA, ControlRow, OnValue
from .region_row import RegionRow
from .words import label

_STEPS = 1000


class SliderRow(ControlRow):
    """A number: a slider and a field, which follow one another."""

    def __init__(self, control: Control, on_value: OnValue) -> None:
        super().__init__(control, on_value)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS if control.is_wide else control.high - control.low)
        self.slider.setAccessibleName(control.title)
        self.field = QSpinBox()
        self.field.setRange(control.low, control.high)
        self.field.setGroupSeparatorShown(True)
        self.field.setMinimumWidth(78)
        self.field.setAccessibleName(control.title)
        self.field.setKeyboardTracking(False)
        self.slider.valueChanged.connect(self._slid)
        self.field.valueChanged.connect(self._typed)
        low, high = label(f"{control.low:,}", "faint"), label(f"{control.high:,}", "faint")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 4)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._title(), 0, 0, 1, 2)
        grid.addWidget(self.field, 0, 2)
        grid.addWidget(self.slider, 1, 0, 1, 3)
        grid.addWidget(low, 2, 0)
        grid.addWidget(high, 2, 2, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(1, 1)

    def show_value(self, value: object) -> None:
        """Show a value without telling it."""
        if self._show_given(value) and isinstance(value, int):
            self._place(value)
            with QSignalBlocker(self.field):
                self.field.setValue(value)

    def value(self) -> object:
        """Return the number."""
        return self.field.value()

    def _enable(self, *, on: bool) -> None:
        self.slider.setEnabled(on)
        self.field.setEnabled(on)

    def _slid(self, position: int) -> None:
        with QSignalBlocker(self.field):
            self.field.setValue(self.control.at(position / max(1, self.slider.maximum())))
        self._tell()

    def _typed(self, number: int) -> None:
        self._place(number)
        self._tell()

    def _place(self, number: int) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(self.control.place(number) * self.slider.maximum()))


class SwitchRow(ControlRow):
    """On or off."""

    def __init__(self, control: Control, on_value: OnValue) -> None:
        super().__init__(control, on_value)
        self.box = QCheckBox(control.title)
        self.box.toggled.connect(self._tell)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.addWidget(self.box)

    def show_value(self, value: object) -> None:
        """Show a value without telling it."""
        with QSignalBlocker(self.box):
            self.box.setChecked(bool(value))

    def value(self) -> object:
        """Return whether it is on."""
        return self.box.isChecked()

    def _enable(self, *, on: bool) -> None:
        self.box.setEnabled(on)


class ChoiceRow(ControlRow):
    """One of several names."""

    def __init__(self, control: Control, on_value: OnValue) -> None:
        super().__init__(control, on_value)
        self.given = None
        self.names = QComboBox()
        self.names.setAccessibleName(control.title)
        if control.optional:
            self.names.addItem(LEFT_TO_CAMERA, None)
        for name in control.choices:
            self.names.addItem(name.replace("_", " "), name)
        self.names.currentIndexChanged.connect(lambda _: self._tell())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 4)
        layout.addWidget(label(control.title))
        layout.addWidget(self.names)

    def show_value(self, value: object) -> None:
        """Show a value without telling it."""
        with QSignalBlocker(self.names):
            self.names.setCurrentIndex(max(0, self.names.findData(value)))

    def value(self) -> object:
        """Return the name; None leaves it to the camera."""
        return self.names.currentData()

    def _enable(self, *, on: bool) -> None:
        self.names.setEnabled(on)


class PairRow(ControlRow):
    """A bias current: a coarse and a fine number."""

    def __init__(self, control: Control, on_value: OnValue) -> None:
        super().__init__(control, on_value)
        self.coarse, self.fine = QSpinBox(), QSpinBox()
        self.coarse.setRange(0, control.coarse_high)
        self.fine.setRange(control.low, control.high)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(control.low, control.high)
        row = QHBoxLayout()
        row.addWidget(label("coarse", "faint"))
        row.addWidget(self.coarse)
        row.addWidget(label("fine", "faint"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.fine)
        for field, name in ((self.coarse, "coarse"), (self.fine, "fine"), (self.slider, "fine")):
            field.setAccessibleName(f"{control.title}, {name}")
        self.coarse.valueChanged.connect(lambda _: self._tell())
        self.fine.valueChanged.connect(self._typed)
        self.slider.valueChanged.connect(self.fine.setValue)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 4)
        layout.setSpacing(0)
        layout.addWidget(self._title())
        layout.addLayout(row)

    def show_value(self, value: object) -> None:
        """Show a value without telling it."""
        if not self._show_given(value) or not isinstance(value, (tuple, list)):
            return
        for field, number in ((self.coarse, value[0]), (self.fine, value[1])):
            with QSignalBlocker(field):
                field.setValue(number)
        with QSignalBlocker(self.slider):
            self.slider.setValue(value[1])

    def value(self) -> object:
        """Return both numbers."""
        return self.coarse.value(), self.fine.value()

    def _enable(self, *, on: bool) -> None:
        for field in (self.coarse, self.fine, self.slider):
            field.setEnabled(on)

    def _typed(self, number: int) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(number)
        self._tell()


def row_for(control: Control, on_value: OnValue, sensor: SensorSize) -> ControlRow:
    """Return the widget for a setting."""
    if control.kind == "region":
        return RegionRow(control, on_value, sensor)
    kinds: dict[str, type[ControlRow]] = {
        "slider": SliderRow,
        "switch": SwitchRow,
        "choice": ChoiceRow,
        "pair": PairRow,
    }
    return kinds[control.kind](control, on_value)
