"""The bar above the event views: palette, accumulation, pictures per second, how many views."""

from __future__ import annotations

from PyQt6.QtWidgets import QComboBox, QLabel, QToolBar, QToolButton

from ..controller import Controller
from ..controllers.views import ACCUMULATIONS_US, RATES_FPS
from ..state import AppState, ViewsPart
from ..words import PALETTE_NAMES, duration
from .observing import observe_while


class ViewBar(QToolBar):
    """Settings that all views have in common."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__("Views")
        self.setObjectName("Views")
        self.setMovable(False)
        self._views = controller.views
        self._count = self._choice("Views", "How many views", range(1, 5), str)
        self._palette = self._choice(
            "Palette", "Colours of events and ground", PALETTE_NAMES, PALETTE_NAMES.__getitem__
        )
        self._accumulation = self._choice(
            "Accumulation",
            "For how long an event stays on the screen (keys + and -), whatever the display rate",
            ACCUMULATIONS_US,
            duration,
        )
        self._fps = self._choice(
            "Display",
            "Pictures drawn per second, whatever the event rate",
            RATES_FPS,
            "{} fps".format,
        )
        self._fade = self._switch("Fade", "Let events get paler with age")
        self._events = self._switch("Events", "Draw events over the base")
        self._overlay = self._switch("Overlay", "Boxes, labels, trails, regions (key o)")
        self._linked = self._switch("Link", "Zoom and move all views together")
        self._connect()
        observe_while(self, state.views, self._show)

    def _connect(self) -> None:
        views = self._views
        self._count.activated.connect(lambda row: views.set_count(row + 1))
        self._palette.activated.connect(lambda row: views.set_palette(self._palette.itemData(row)))
        self._accumulation.activated.connect(
            lambda row: views.set_accumulation(self._accumulation.itemData(row))
        )
        self._fps.activated.connect(lambda row: views.set_fps(self._fps.itemData(row)))
        self._fade.clicked.connect(lambda on: views.change(fades=on))
        self._events.clicked.connect(lambda on: views.change(events=on))
        self._overlay.clicked.connect(lambda _on: views.toggle_overlay())
        self._linked.clicked.connect(lambda on: views.set_linked(linked=on))

    def _choice(self, title: str, tip: str, values: object, name: object) -> QComboBox:
        label = QLabel(f" {title} ")
        choice = QComboBox()
        for value in values:  # type: ignore[attr-defined]
            choice.addItem(name(value), value)  # type: ignore[operator]
        for widget in (label, choice):
            widget.setToolTip(tip)
            self.addWidget(widget)
        choice.setAccessibleName(title)
        return choice

    def _switch(self, title: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(title)
        button.setToolTip(tip)
        button.setCheckable(True)
        self.addWidget(button)
        return button

    def _show(self, part: ViewsPart) -> None:
        active = part.views[part.active]
        self._count.setCurrentIndex(len(part.views) - 1)
        self._palette.setCurrentIndex(self._palette.findData(active.palette))
        self._fps.setCurrentIndex(self._fps.findData(part.fps))
        self._show_accumulation(active.accumulation_us)
        self._fade.setChecked(active.fades)
        self._events.setChecked(active.events)
        self._overlay.setChecked(active.boxes)
        self._linked.setChecked(part.linked)
        self._linked.setEnabled(len(part.views) > 1)

    def _show_accumulation(self, accumulation_us: int) -> None:
        if self._accumulation.findData(accumulation_us) < 0:
            self._accumulation.addItem(duration(accumulation_us), accumulation_us)
        self._accumulation.setCurrentIndex(self._accumulation.findData(accumulation_us))
