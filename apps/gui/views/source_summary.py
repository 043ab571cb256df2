"""The first box of the pipeline: what is open, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QGroupBox, QLabel, QVBoxLayout

from ..controller import Controller
from ..state import AppState, SourcePart
from ..words import count, rate
from .observing import observe_while

if TYPE_CHECKING:
    from eventvision.pipeline import Status


class SourceSummary(QGroupBox):
    """Format, sensor, camera; events and drops so far."""

    def __init__(self, state: AppState, _controller: Controller) -> None:
        super().__init__("Source")
        self._what, self._flow, self._wrong = QLabel(), QLabel(), QLabel()
        layout = QVBoxLayout(self)
        for label in (self._what, self._flow, self._wrong):
            label.setWordWrap(True)
            layout.addWidget(label)
        self._wrong.setStyleSheet("color: #d08a10")
        observe_while(self, state.source, self._show_source)
        observe_while(self, state.status, self._show_status)

    def _show_source(self, part: SourcePart) -> None:
        info = part.info
        if info is None:
            doing = "could not be opened" if part.failed else "opening…"
            self._what.setText(doing if part.name else "nothing is open")
        else:
            camera = f", {info.camera}" if info.camera else ""
            live = ", live" if part.is_live else ""
            self._what.setText(f"{info.format}, {info.sensor} px{camera}{live}")
            self._what.setToolTip("\n".join((info.name, *info.notes)))
        wrong = part.waiting or (f"damaged: {part.damage}" if part.damage else "")
        self._wrong.setText(wrong)
        self._wrong.setVisible(bool(wrong))

    def _show_status(self, status: Status | None) -> None:
        if status is None:
            self._flow.clear()
            self._flow.hide()
            return
        self._flow.show()
        lost = sum(status.dropped.values())
        text = f"{count(status.events)} events, {rate(status.event_rate_hz)}"
        self._flow.setText(f"{text}, {count(lost)} dropped" if lost else text)
        causes = [f"{cause}: {number:,}" for cause, number in status.dropped.items()]
        self._flow.setToolTip("\n".join(causes))
