"""Play, pause, seek, step, speed, loop and marks."""

from __future__ import annotations

from ..player import Player
from ..scrubber import Scrubber
from ..state import AppState

SPEEDS: tuple[float | None, ...] = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, None,
)  # fmt: skip
"""What slower and faster step through; None is as fast as possible."""


class Playback:
    """Moves through the recording; of a live source it can only hold the picture."""

    def __init__(self, state: AppState, player: Player, scrubber: Scrubber) -> None:
        self._cell, self._source, self._views = state.playback, state.source, state.views
        self._player, self._scrubber = player, scrubber

    @property
    def can_seek(self) -> bool:
        """Whether there is a recording."""
        return self._source.value.info is not None and not self._source.value.is_live

    def toggle(self) -> None:
        """Play or pause."""
        if self._cell.value.phase == "playing":
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Go on; from the beginning, or from the IN mark, if it has come to the end."""
        part = self._cell.value
        if part.phase == "ended":
            self.seek(self.start_us)
        elif part.phase != "paused":
            return
        self._cell.change(phase="playing")
        self._player.resume()

    def pause(self) -> None:
        """Hold."""
        if self._cell.value.phase == "playing":
            self._cell.change(phase="paused")
            self._player.pause()

    def step(self, slices: int = 1) -> None:
        """Hold, and go one slice on (1) or back (-1)."""
        part = self._cell.value
        if part.phase not in ("playing", "paused", "ended") or not self.can_seek:
            return
        if part.phase == "ended" and slices > 0:
            return
        self._cell.change(phase="paused")
        self._player.step(slices)

    def seek(self, t_us: int) -> None:
        """Go to a time; playing goes on from there if it did, else one slice is shown."""
        if not self.can_seek:
            return
        part = self._cell.value
        bounded = max(part.first_us, t_us)
        if part.last_us is not None:
            bounded = min(bounded, part.last_us)
        self._scrubber.stop()
        phase = "paused" if part.phase == "ended" else part.phase
        self._cell.change(position_us=bounded, phase=phase, is_scrubbing=False, is_seeking=True)
        self._player.seek(bounded, then_plays=phase == "playing")

    def seek_by(self, seconds: float) -> None:
        """Go so much further or back."""
        self.seek(self._cell.value.position_us + round(seconds * 1e6))

    def scrub(self, t_us: int) -> None:
        """Show events at a time while the position is dragged; `seek` ends it."""
        if not self.can_seek:
            return
        self._player.pause()
        self._cell.change(position_us=t_us, is_scrubbing=True)
        window_us = max(view.accumulation_us for view in self._views.value.views)
        self._scrubber.show(t_us, window_us)

    def set_speed(self, speed: float | None) -> None:
        """Play at so many recording seconds per second; None as fast as possible."""
        self._cell.change(speed=speed)
        self._player.set_speed(speed)

    def faster(self, steps: int = 1) -> None:
        """Go up or down the usual speeds."""
        now = self._cell.value.speed
        rank = len(SPEEDS) - 1 if now is None else sum(s is not None and s < now for s in SPEEDS)
        self.set_speed(SPEEDS[min(max(0, rank + steps), len(SPEEDS) - 1)])

    def set_loops(self, *, loops: bool) -> None:
        """Begin again at the end, or not."""
        self._cell.change(loops=loops)
        self._player.set_loops(loops=loops)

    def mark_in(self, t_us: int | None = None) -> None:
        """Let the marked part begin at a time, or where it is now."""
        part = self._cell.value
        at_us = part.position_us if t_us is None else t_us
        out_us = part.mark_out_us
        self._mark(at_us, None if out_us is not None and out_us <= at_us else out_us)

    def mark_out(self, t_us: int | None = None) -> None:
        """Let the marked part end at a time, or where it is now."""
        part = self._cell.value
        at_us = part.position_us if t_us is None else t_us
        in_us = part.mark_in_us
        self._mark(None if in_us is not None and in_us >= at_us else in_us, at_us)

    def clear_marks(self) -> None:
        """Mark nothing: the whole recording."""
        self._mark(None, None)

    @property
    def start_us(self) -> int:
        """Where playing begins: at the IN mark, or at the beginning."""
        part = self._cell.value
        return part.first_us if part.mark_in_us is None else part.mark_in_us

    def _mark(self, in_us: int | None, out_us: int | None) -> None:
        if not self.can_seek:
            return
        self._cell.change(mark_in_us=in_us, mark_out_us=out_us)
        self._player.set_marks(in_us, out_us)
