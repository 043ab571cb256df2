"""The buttons that play, step, mark and change speed."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from ..controller import Controller
from ..controllers.playback import SPEEDS
from ..state import AppState, PlaybackPart, SourcePart
from ..words import PHASE_NAMES, clock, speed
from .figure import Figure
from .icons import icon
from .observing import observe_while


class Transport(QWidget):
    """Plays, steps, marks; parts that a live source lacks are disabled."""

    def __init__(self, state: AppState, controller: Controller) -> None:
        super().__init__()
        self._state, self._playback = state, controller.playback
        playback = self._playback
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 4, 8, 2)
        line.setSpacing(4)
        self._line = line
        back = self._button("", "Previous slice (,)", lambda: playback.step(-1))
        self._play = self._button("", "Play or pause (Space)", playback.toggle)
        on = self._button("", "Next slice (.)", lambda: playback.step(1))
        self._speed = QComboBox()
        self._speed.setToolTip("Playing speed ([ and ]); 1x is real time (1)")
        self._speed.setAccessibleName("Speed")
        for each in SPEEDS:
            self._speed.addItem(speed(each), each)
        self._speed.activated.connect(lambda row: playback.set_speed(self._speed.itemData(row)))
        line.addWidget(self._speed)
        self._back, self._on = back, on
        self._draw_icons()
        self._loop = self._button("Loop", "Begin again at the end (l)", self._toggle_loop)
        self._loop.setCheckable(True)
        mark_in = self._button("IN", "Let the marked part begin here (i)", playback.mark_in)
        mark_out = self._button("OUT", "Let the marked part end here (p)", playback.mark_out)
        clear = self._button("✕", "No marks (x)", playback.clear_marks)
        self._seeking = (back, on, self._speed, self._loop, mark_in, mark_out, clear)
        self._place, self._phase = Figure(), QLabel()
        self._told: tuple[object, ...] = ()
        line.addSpacing(8)
        line.addWidget(self._place)
        line.addWidget(self._phase)
        line.addStretch(1)
        observe_while(self, state.playback, self._show)
        observe_while(self, state.source, self._show_source)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw icons in the colour of the text when that has changed."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._draw_icons()
            self._told = ()
            self._show(self._state.playback.value)

    def _draw_icons(self) -> None:
        colour = self.palette().buttonText().color()
        self._icons = {name: icon(name, colour) for name in ("play", "pause")}
        self._back.setIcon(icon("back", colour))
        self._on.setIcon(icon("on", colour))

    def _button(self, text: str, tip: str, act: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setMinimumWidth(34)
        button.clicked.connect(lambda _checked=False: act())
        self._line.addWidget(button)
        return button

    def _toggle_loop(self) -> None:
        self._playback.set_loops(loops=not self._state.playback.value.loops)

    def _show(self, part: PlaybackPart) -> None:
        self._place.setText(self._place_text(part))
        told = (part.phase, part.loops, part.speed, part.is_seeking)
        if told != self._told:
            self._told = told
            self._show_state(part)

    def _show_state(self, part: PlaybackPart) -> None:
        """Show what does not change with every picture."""
        self._play.setIcon(self._icons["pause" if part.phase == "playing" else "play"])
        self._loop.setChecked(part.loops)
        row = self._speed.findData(part.speed)
        if row < 0:
            self._speed.addItem(speed(part.speed), part.speed)
            row = self._speed.count() - 1
        self._speed.setCurrentIndex(row)
        text = "seeking…" if part.is_seeking else PHASE_NAMES[part.phase]
        self._phase.setText(text)

    def _place_text(self, part: PlaybackPart) -> str:
        if part.phase in ("empty", "opening"):
            return ""
        now = clock(part.position_us - part.first_us)
        if part.last_us is None:
            return now
        return f"{now} / {clock(part.last_us - part.first_us)}"

    def _show_source(self, part: SourcePart) -> None:
        has = part.info is not None
        self._play.setEnabled(has)
        for widget in self._seeking:
            widget.setEnabled(has and not part.is_live)
