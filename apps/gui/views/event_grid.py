"""One to four event views in a grid, each with a line that says what it shows."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..canvas import Overlay
from ..controller import Controller
from ..drawing import Shown
from ..palettes import PALETTES, depth_ramp
from ..state import AppState, Palette, PlaybackPart, ViewSettings, ViewsPart
from ..words import BASE_NAMES
from .event_view import EventView
from .observing import observe_while
from .overlay import colour_of

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
        self._legend = QLabel()
        self._legend.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._legend_text = ""
        line = QHBoxLayout()
        line.setContentsMargins(4, 2, 8, 2)
        line.addWidget(self._base)
        line.addWidget(self._legend, 1)
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
        text = legend(settings, shown.overlay)
        if text != self._legend_text:
            self._legend_text = text
            self._legend.setText(text)

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

    def choose_region(self) -> None:
        """Let the next drag choose a rectangle in the active view; or no longer."""
        view = self.panes[self._state.views.value.active].view
        view.choose_region(on=not view.choosing)

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


def legend(settings: ViewSettings, overlay: Overlay) -> str:
    """Return what the colours of a view mean, as rich text."""
    parts = []
    if settings.base == "depth" and overlay.depth_is_metric is not None:
        near, far = overlay.depth_range
        unit = " m" if overlay.depth_is_metric else ""
        ramp = depth_ramp()
        parts.append(
            f"{_dot(int(ramp[20]))} {near:.1f}{unit} {_dot(int(ramp[-40]))} {far:.1f}{unit}"
        )
    elif settings.base == "segmentation" and overlay.classes:
        first = 1 if overlay.classes[0] == "background" else 0
        parts += [
            f"{_dot(colour_of(class_).rgb())} {name}"
            for class_, name in enumerate(overlay.classes)
            if class_ >= first
        ]
    if settings.base == "surface":
        parts.append(f"{_dot(0xFFFFB43C)} ON {_dot(0xFF5AAFFF)} OFF, bright is new")
    elif settings.events:
        parts.append(_polarities(settings.palette))
    return " &nbsp; ".join(parts)


def _polarities(palette: Palette) -> str:
    colours = PALETTES[palette]
    return f"{_dot(colours.on)} ON {_dot(colours.off)} OFF"


def _dot(colour: int) -> str:
    return f'<span style="color:#{colour & 0xFFFFFF:06x}">&#9632;</span>'
