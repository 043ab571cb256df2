"""The 3-D view with what can be chosen about it."""

from __future__ import annotations

from PyQt6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..amounts import span_text
from ..cloud import SPANS_US, VIEWS
from ..controller import Controller
from ..state import AppState
from .cloud_view import CloudView, Slices
from .observing import observe_while

_STANDPOINTS = {
    "perspective": "Corner",
    "front": "Front",
    "side": "Side",
    "top": "Top",
}
_WHAT = {
    "perspective": "Look from above one corner",
    "front": "Look along time, at the newest events: x to the right, y down",
    "side": "Look from the side: time to the right, y down",
    "top": "Look from above: time to the right, x up or down",
}


class CloudPanel(QWidget):
    """The view, and a row to choose span, colours, size of points and standpoint.

    Args:
        slices: Returns the latest slices.
        parent: As for all widgets.
    """

    def __init__(self, slices: Slices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = CloudView(slices, self)
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(QLabel("Last"))
        row.addWidget(self._spans())
        self.by_age = QCheckBox("colour by age")
        self.by_age.setToolTip("Colour events by how old they are, not by brighter or darker")
        self.by_age.toggled.connect(lambda on: self.view.set_by_age(by_age=on))
        row.addWidget(self.by_age)
        row.addWidget(QLabel("Points"))
        row.addWidget(self._sizes())
        row.addStretch(1)
        for button in self._standpoints():
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)

    def _spans(self) -> QComboBox:
        self.span = QComboBox()
        self.span.setToolTip("How far back the cloud reaches")
        self.span.setAccessibleName("Time shown")
        for span_us in SPANS_US:
            self.span.addItem(span_text(span_us), span_us)
        self.span.setCurrentIndex(SPANS_US.index(self.view.span_us))
        self.span.currentIndexChanged.connect(lambda at: self.view.set_span(SPANS_US[at]))
        return self.span

    def _sizes(self) -> QSpinBox:
        sizes = QSpinBox()
        sizes.setRange(1, 6)
        sizes.setValue(2)
        sizes.setSuffix(" px")
        sizes.setToolTip("Size of a point")
        sizes.setAccessibleName("Size of points")
        sizes.valueChanged.connect(self.view.set_point_px)
        return sizes

    def _standpoints(self) -> list[QToolButton]:
        self._group = QButtonGroup(self)
        buttons = []
        for name, title in _STANDPOINTS.items():
            button = QToolButton()
            button.setText(title)
            button.setToolTip(_WHAT[name])
            button.clicked.connect(lambda _, name=name: self.view.set_orbit(VIEWS[name]))
            self._group.addButton(button)
            buttons.append(button)
        return buttons


def make(state: AppState, controller: Controller) -> CloudPanel:
    """Make the panel; it draws with every picture of the event views."""
    panel = CloudPanel(controller.recent_slices)
    observe_while(panel, state.tick, lambda _: panel.view.show_at(state.playback.value.position_us))
    return panel
