"""One to four event views in a grid, each with a line that says what it shows."""

from __future__ import annotations

from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ..controller import Controller
from ..drawing import Shown
from ..legend import legend_of
from ..state import AppState, PlaybackPart, ViewSettings, ViewsPart
from ..words import BASE_NAMES
from .chooser import Wanted
from .event_view import EventView
from .legend_line import LegendLine
from .observing import observe_while

_PLACES = {1: ((0, 0),), 2: ((0, 0), (0, 1)), 3: ((0, 0), (0, 1), (1, 0))}
_STACKED = ((0, 0), (1, 0))
_FOUR = ((0, 0), (0, 1), (1, 0), (1, 1))


class EventPane(QWidget):
    """A view, and above it what it shows and what its colours mean."""

    def __init__(self, state: AppState, controller: Controller, index: int) -> None:
        super().__init__()
        self._controller, self._index = controller, index
        self.view = EventView(state, controller, index)
        self._base = QComboBox()
        self._base.setToolTip("What lies under the events")
        self._base.setAccessibleName(f"Base of view {index + 1}")
        for base, name in BASE_NAMES.items():
            self._base.addItem(name, base)
        self._base.activated.connect(self._choose_base)
        self.legend = LegendLine()
        line = QHBoxLayout()
        line.setContentsMargins(4, 2, 8, 2)
        line.addWidget(self._base)
        line.addWidget(self.legend, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.view, 1)

    def show_settings(self, settings: ViewSettings) -> None:
        """Say which base is chosen."""
        self._base.setCurrentIndex(self._base.findData(settings.base))

    def show_picture(self, shown: Shown, settings: ViewSettings) -> None:
        """Show a moment, and what its colours mean."""
        self.view.show_picture(shown)
        self.legend.show_legend(legend_of(settings, shown.overlay))

    def _choose_base(self, row: int) -> None:
        self._controller.views.set_base(self._base.itemData(row), self._index)


class EventGrid(QWidget):
    """All event views; shows what the renderer has drawn."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        self._state, self._controller = state, controller
        self.panes: list[EventPane] = []
        self._places: tuple[tuple[int, int], ...] = ()
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        observe_while(self, state.views, self._arrange)
        observe_while(self, state.tick, self._show_picture)
        observe_while(self, state.playback, self._show_phase)
        observe_while(self, state.sensor, lambda _sensor: self._arrange(state.views.value))

    def choose(self, wanted: Wanted) -> None:
        """Let the next drag in the active view choose something; asked again, no longer."""
        view = self.panes[self._state.views.value.active].view
        view.choose("" if view.wanted == wanted else wanted)

    def _arrange(self, part: ViewsPart) -> None:
        """Have as many panes as there are views."""
        while len(self.panes) > len(part.views):
            pane = self.panes.pop()
            self._layout.removeWidget(pane)
            pane.setParent(None)
            pane.deleteLater()
        while len(self.panes) < len(part.views):
            self.panes.append(EventPane(self._state, self._controller, len(self.panes)))
        places = self._places = self._best_places()
        for pane in self.panes:
            self._layout.removeWidget(pane)
        for pane, (row, column), settings in zip(self.panes, places, part.views, strict=True):
            self._layout.addWidget(pane, row, column)
            pane.show_settings(settings)
            pane.view.update()
        for row in range(2):
            self._layout.setRowStretch(row, int(any(place[0] == row for place in places)))
            self._layout.setColumnStretch(row, int(any(place[1] == row for place in places)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put two views beside or below each other, whichever shows them larger."""
        super().resizeEvent(event)
        if self.panes and self._best_places() != self._places:
            self._arrange(self._state.views.value)

    def _best_places(self) -> tuple[tuple[int, int], ...]:
        """Return row and column of each pane."""
        sensor = self._state.sensor.value
        if len(self.panes) == 2 and sensor is not None:
            width, height = self.width() / sensor.width, self.height() / sensor.height
            if min(width, height / 2) > min(width / 2, height):
                return _STACKED
        return _PLACES.get(len(self.panes), _FOUR)

    def _show_picture(self, _tick: int) -> None:
        shown = self._controller.shown
        if shown is None:
            return
        for pane, settings in zip(self.panes, shown.views.views, strict=False):
            pane.show_picture(shown, settings)

    def _show_phase(self, part: PlaybackPart) -> None:
        if part.phase in ("empty", "opening"):
            for pane in self.panes:
                pane.view.forget_picture()
