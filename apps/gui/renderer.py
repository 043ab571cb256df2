"""Draws pictures in a thread of its own, at a constant rate whatever the event rate.

The thread of the windows only takes finished pictures; it never draws an event and never waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from eventvision.core import Events, Slice, SliceResult

from .drawing import Drawing, Shown
from .history import Entry, entry_of
from .remembered import Remembered
from .state import MOST_VIEWS, ViewsPart
from .threads import DRAWING, stand_back

MOST_WAITING_EVENTS = 8_000_000
MOST_UNSEEN = 4096
SHOWN_AGAIN = 32
"""Going back, so many slices are drawn anew: for events that stay, and results that are rare."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """How the source is played: `speed` None shows everything at once."""

    speed: float | None = None


class Renderer:
    """Takes results from the pipeline's thread, gives pictures to that of the windows."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._results: deque[SliceResult] = deque()
        self._waiting_events = 0
        self._unseen: list[Entry] = []
        self._window: tuple[Events, int] | None = None
        self._again: list[SliceResult] = []
        self._cuts = False
        self._views = ViewsPart()
        self._scales = [1.0] * MOST_VIEWS
        self._tasks: frozenset[str] = frozenset()
        self._probe_at = (-1, -1)
        self._epoch = 0
        self._tempo = Tempo()
        self._is_stale = False
        self._finished: Shown | None = None
        self._held: Shown | None = None
        self._recent = Remembered()
        self._quits = self._is_playing_out = False
        self.drawn = 0
        self.skipped = 0
        self._thread = threading.Thread(target=self._work, name="renderer", daemon=True)
        self._thread.start()

    def deliver(self, result: SliceResult) -> None:
        """Take a result, from the pipeline's thread; it need not keep its representation."""
        kept, entry = SliceResult(result.slice, result.results), entry_of(result)
        with self._turn:
            self._results.append(kept)
            self._waiting_events += len(kept.slice)
            while self._waiting_events > MOST_WAITING_EVENTS and len(self._results) > 1:
                self._waiting_events -= len(self._results.popleft().slice)
                self.skipped += 1
            self._unseen.append(entry)
            del self._unseen[:-MOST_UNSEEN]
            self._turn.notify()

    def cut(self) -> None:
        """Begin anew: what comes does not follow what came."""
        with self._turn:
            self._results.clear()
            self._waiting_events = 0
            self._window = self._finished = None
            self._again, self._unseen = [], []
            self._cuts = True
            self._epoch += 1

    def show_window(self, events: Events, now_us: int) -> None:
        """Show these events, and nothing else, as of a moment."""
        with self._turn:
            self._results.clear()
            self._waiting_events = 0
            self._window = (events, now_us)
            self._turn.notify()

    def configure(self, views: ViewsPart) -> None:
        """Draw with other settings from now on."""
        with self._turn:
            self._views, self._is_stale = views, True
            self._turn.notify()

    def show_tasks(self, on: frozenset[str]) -> None:
        """Draw what these tasks find, and nothing of others."""
        with self._turn:
            self._tasks, self._is_stale = on, True
            self._turn.notify()

    def fit(self, index: int, scale: float) -> None:
        """Draw a view in the size in which it is seen: `scale` screen pixels a sensor pixel."""
        if scale != self._scales[index]:
            with self._turn:
                self._scales[index], self._is_stale = scale, True
                self._turn.notify()

    def probe(self, x: int, y: int) -> None:
        """Tell about another pixel; -1 for none."""
        with self._turn:
            self._probe_at, self._is_stale = (x, y), True
            self._turn.notify()

    def set_tempo(self, speed: float | None) -> None:
        """Let pictures run at the speed at which slices come; None shows all at once."""
        self._tempo = Tempo(speed)

    def take(self) -> Shown | None:
        """Return what was finished since the last call, if anything."""
        with self._turn:
            shown, self._finished = self._finished, None
            if shown is not None:
                self._held = shown
            return shown

    def take_entries(self) -> list[Entry]:
        """Return what is remembered of the slices that came since the last call."""
        with self._turn:
            taken, self._unseen = self._unseen, []
            return taken

    def recent(self) -> tuple[Slice, ...]:
        """Return the slices of the last two seconds, the latest last."""
        return tuple(result.slice for result in self._recent.all())

    def show_again(self, behind: int) -> bool:
        """Show the slice so many before the latest; False if it is no longer remembered."""
        recent = self._recent.all()
        last = len(recent) - behind
        if last <= 0:
            return False
        with self._turn:
            self._again = list(recent[max(0, last - SHOWN_AGAIN) : last])
            self._turn.notify()
        return True

    def quit(self) -> None:
        """End the thread, and wait for that."""
        with self._turn:
            self._quits = True
            self._turn.notify()
        self._thread.join()

    def _work(self) -> None:
        stand_back(DRAWING)
        drawing = Drawing()
        due = time.monotonic()
        while self._wait_until(due):
            began = time.monotonic()
            period = 1 / self._views.fps
            due = max(due + period, began)
            self._draw(drawing, began)

    def _wait_until(self, due: float) -> bool:
        """Wait for the time of the next picture, and for something to draw; False to end."""
        with self._turn:
            while not self._quits:
                left = due - time.monotonic()
                if left > 0:
                    self._turn.wait(left)
                elif self._has_work():
                    return True
                else:
                    self._turn.wait()
            return False

    def _has_work(self) -> bool:
        wishes = self._results or self._window or self._again or self._cuts or self._is_stale
        return bool(wishes) or self._is_playing_out

    def _draw(self, drawing: Drawing, now_s: float) -> None:
        with self._turn:
            results, self._results = self._results, deque()
            self._waiting_events = 0
            window, self._window = self._window, None
            again, self._again = self._again, []
            cuts, self._cuts, self._is_stale = self._cuts, False, False
            epoch = self._epoch
            views, probe_at, tempo = self._views, self._probe_at, self._tempo
            scales, tasks = tuple(self._scales[: len(views.views)]), self._tasks
            busy = [shown for shown in (self._finished, self._held) if shown is not None]
        if cuts:
            drawing.clear()
            self._recent.clear()
        if window is not None:
            drawing.show_window(*window)
        if again:
            drawing.clear()
            for result in again:
                drawing.playout.put(result)
        for result in results:
            drawing.playout.put(result)
            self._recent.add(result)
        drawing.advance(now_s, tempo.speed, probe_at)
        self._is_playing_out = not drawing.playout.is_empty
        shown = drawing.draw(views, scales, tasks, probe_at, busy)
        if shown is not None:
            with self._turn:
                if epoch == self._epoch:  # else it belongs to what came before a cut
                    self._finished = shown
                    self.drawn += 1
