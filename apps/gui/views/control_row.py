"""What all widgets for settings have: a title, perhaps a switch, a tip, a value to tell."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QCheckBox, QWidget

from ..camera_form import Control
from .words import label

OnValue = Callable[[str, object], None]
"""Takes the name of a setting and its new value; None leaves it to the camera."""

LEFT_TO_CAMERA = "as the camera has it"


class ControlRow(QWidget):
    """Base of the rows: title, widget, tip.

    Args:
        control: What is set.
        on_value: Hears what the user chooses.
    """

    def __init__(self, control: Control, on_value: OnValue) -> None:
        super().__init__()
        self.control = control
        self._on_value = on_value
        tip = f"{control.title}: {control.help or control.title.lower()}"
        values = f"\nValues: {control.range_text}." if control.range_text else ""
        left = f"\nUnticked: {LEFT_TO_CAMERA}." if control.optional else ""
        self.setToolTip(f"{tip}.{values}{left}\nIn the settings file: {control.name}")
        self.given = QCheckBox(control.title) if control.optional else None
        if self.given is not None:
            self.given.toggled.connect(self._toggled)

    def show_value(self, value: object) -> None:
        """Show a value without telling it."""
        raise NotImplementedError

    def value(self) -> object:
        """Return the value on show."""
        raise NotImplementedError

    def _title(self) -> QWidget:
        if self.given is not None:
            return self.given
        title = label(self.control.title)
        title.setBuddy(self)
        return title

    def _tell(self) -> None:
        given = self.given is None or self.given.isChecked()
        self._on_value(self.control.name, self.value() if given else None)

    def _toggled(self, on: bool) -> None:
        self._enable(on=on)
        self._tell()

    def _enable(self, *, on: bool) -> None:
        raise NotImplementedError

    def _show_given(self, value: object) -> bool:
        given = value is not None
        if self.given is not None:
            with QSignalBlocker(self.given):
                self.given.setChecked(given)
            self._enable(on=given)
        return given
