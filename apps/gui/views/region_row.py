"""A rectangle of pixels on the sensor, as sliders."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QSlider

from eventvision.core import SensorSize

from ..camera_form import Control, whole_sensor, within
from .control_row import ControlRow, OnValue
from .words import label


class RegionRow(ControlRow):
    """A rectangle of pixels: four sliders that stay on the sensor."""

    def __init__(self, control: Control, on_value: OnValue, sensor: SensorSize) -> None:
        super().__init__(control, on_value)
        self._sensor = sensor
        self.sliders: dict[str, QSlider] = {}
        self._numbers: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 4)
        grid.setVerticalSpacing(2)
        grid.addWidget(self._title(), 0, 0, 1, 3)
        titles = {"x": "left", "y": "top", "width": "width", "height": "height"}
        for row, (name, title) in enumerate(titles.items(), start=1):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setAccessibleName(f"{control.title}, {title} in pixels")
            self.sliders[name], self._numbers[name] = slider, label("")
            self._numbers[name].setMinimumWidth(64)
            self._numbers[name].setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(title, "faint"), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(self._numbers[name], row, 2)
            slider.valueChanged.connect(self._slid)
        self.set_sensor(sensor)
        self.show_value(None)

    def set_sensor(self, sensor: SensorSize) -> None:
        """Let the sliders reach over another sensor."""
        self._sensor = sensor
        lows = {"x": 0, "y": 0, "width": 1, "height": 1}
        highs = whole_sensor(sensor) | {"x": sensor.width - 1, "y": sensor.height - 1}
        for name, slider in self.sliders.items():
            with QSignalBlocker(slider):
                slider.setRange(lows[name], highs[name])

    def show_value(self, value: object) -> None:
        """Show a value without telling it."""
        self._show_given(value)
        region = value if isinstance(value, Mapping) else whole_sensor(self._sensor)
        self._show(within(region, self._sensor))

    def value(self) -> object:
        """Return the rectangle."""
        return within({name: s.value() for name, s in self.sliders.items()}, self._sensor)

    def _slid(self, _: int) -> None:
        self._show(within({n: s.value() for n, s in self.sliders.items()}, self._sensor))
        self._tell()

    def _show(self, region: Mapping[str, int]) -> None:
        for name, slider in self.sliders.items():
            with QSignalBlocker(slider):
                slider.setValue(region[name])
            self._numbers[name].setText(f"{region[name]:,} px")

    def _enable(self, *, on: bool) -> None:
        for slider in self.sliders.values():
            slider.setEnabled(on)
