"""The panel below: buttons, and the timeline."""

from __future__ import annotations

from PyQt6.QtWidgets import QVBoxLayout, QWidget

from ..controller import Controller
from ..state import AppState
from .timeline_view import TimelineView
from .transport import Transport


class TimelinePanel(QWidget):
    """Plays and shows where it is."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        self.transport = Transport(state, controller)
        self.timeline = TimelineView(state, controller)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.transport)
        layout.addWidget(self.timeline, 1)
