"""Draws pictures in a thread of its own, at a constant rate whatever the event rate.

The thread of the windows only takes finished pictures; it never draws an event and never waits.
Three sets of pictures go round: one on the screen, one finished, one being drawn.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize, Slice, SliceResult

from .canvas import Canvas, Overlay, Picture, Probe
from .playout import Playout
from .state import PointerPart, ViewsPart
from .threads import DRAWING, stand_back

MOST_WAITING_EVENTS = 8_000_000
RECENT_US = 2_000_000
RECENT_EVENTS = 4_000_000
SHOWN_AGAIN = 32
"""Going back, so many slices are drawn anew: for events that stay, and results that are rare."""

_SETS = 3


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """One moment, drawn for all views.

    Attributes:
        sensor: Size of the pixel array.
        now_us: The moment.
        pictures: One for each view, shape (height, width), 0xFFRRGGBB; valid until the next but
            one call of `Renderer.take`.
        views: Settings with which they were drawn.
        overlay: What is to be drawn over them.
        pointer: The pixel under the pointer.
    """

    sensor: SensorSize
    now_us: int
    pictures: tuple[Picture, ...]
    views: ViewsPart
    overlay: Overlay
    pointer: PointerPart


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
        self._unseen: list[SliceResult] = []
        self._window: tuple[Events, int] | None = None
        self._again: list[SliceResult] = []
        self._cuts = False
        self._views = ViewsPart()
        self._probe_at = (-1, -1)
        self._epoch = 0
        self._tempo = Tempo()
        self._is_stale = False
        self._finished: Shown | None = None
        self._held: Shown | None = None
        self._recent: deque[SliceResult] = deque()
        self._recent_events = 0
        self._quits = self._is_playing_out = False
        self.drawn = 0
        self.skipped = 0
        self._thread = threading.Thread(target=self._work, name="renderer", daemon=True)
        self._thread.start()

    def deliver(self, result: SliceResult) -> None:
        """Take a result, from the pipeline's thread; it need not keep its representation."""
        kept = SliceResult(result.slice, result.results)
        with self._turn:
            self._results.append(kept)
            self._waiting_events += len(kept.slice)
            while self._waiting_events > MOST_WAITING_EVENTS and len(self._results) > 1:
                self._waiting_events -= len(self._results.popleft().slice)
                self.skipped += 1
            self._unseen.append(kept)
            del self._unseen[:-4096]
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

    def take_results(self) -> list[SliceResult]:
        """Return the results that came since the last call."""
        with self._turn:
            taken, self._unseen = self._unseen, []
            return taken

    def recent(self) -> tuple[Slice, ...]:
        """Return the slices of the last two seconds, the latest last."""
        with self._turn:
            return tuple(result.slice for result in self._recent)

    def show_again(self, behind: int) -> bool:
        """Show the slice so many before the latest; False if it is no longer remembered."""
        with self._turn:
            if behind >= len(self._recent):
                return False
            last = len(self._recent) - behind
            first = max(0, last - SHOWN_AGAIN)
            self._again = [self._recent[index] for index in range(first, last)]
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
        drawing = _Drawing()
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

    def _draw(self, drawing: _Drawing, now_s: float) -> None:
        with self._turn:
            results, self._results = self._results, deque()
            self._waiting_events = 0
            window, self._window = self._window, None
            again, self._again = self._again, []
            cuts, self._cuts, self._is_stale = self._cuts, False, False
            epoch = self._epoch
            views, probe_at, tempo = self._views, self._probe_at, self._tempo
            busy = [shown for shown in (self._finished, self._held) if shown is not None]
        if cuts:
            drawing.clear()
            self._forget_recent()
        if window is not None:
            drawing.show_window(*window)
        if again:
            drawing.clear()
            for result in again:
                drawing.playout.put(result)
        for result in results:
            drawing.playout.put(result)
            self._remember(result)
        drawing.advance(now_s, tempo.speed, probe_at)
        self._is_playing_out = not drawing.playout.is_empty
        shown = drawing.draw(views, probe_at, busy)
        if shown is not None:
            with self._turn:
                if epoch == self._epoch:  # else it belongs to what came before a cut
                    self._finished = shown
                    self.drawn += 1

    def _remember(self, result: SliceResult) -> None:
        with self._turn:
            self._recent.append(result)
            self._recent_events += len(result.slice)
            while len(self._recent) > 1 and (
                self._recent_events > RECENT_EVENTS
                or result.slice.t1_us - self._recent[0].slice.t0_us > RECENT_US
            ):
                self._recent_events -= len(self._recent.popleft().slice)

    def _forget_recent(self) -> None:
        with self._turn:
            self._recent.clear()
            self._recent_events = 0


class _Drawing:
    """What only the renderer's thread touches."""

    def __init__(self) -> None:
        self.playout = Playout()
        self._canvas: Canvas | None = None
        self._probe = Probe()
        self._now_us = 0
        self._last_s = 0.0
        self._sets: list[list[Picture]] = [[] for _ in range(_SETS)]

    def clear(self) -> None:
        """Forget the stream."""
        self.playout.clear()
        self._canvas = None

    def show_window(self, events: Events, now_us: int) -> None:
        """Show these events and nothing else."""
        self.playout.clear()
        self._canvas = Canvas(events.sensor)
        self._canvas.enter(events.data)
        self._now_us = now_us

    def advance(self, now_s: float, speed: float | None, probe_at: tuple[int, int]) -> None:
        """Take what is due by now."""
        elapsed_s, self._last_s = now_s - self._last_s, now_s
        before_us = self._now_us
        for portion in self.playout.advance(elapsed_s, speed):
            sensor = portion.result.slice.events.sensor
            if self._canvas is None or self._canvas.sensor != sensor:
                self._canvas = Canvas(sensor)
            self._canvas.enter(portion.events)
            self._probe_events(portion.events, before_us, probe_at)
            if portion.is_last:
                self._canvas.take(portion.result)
        if self.playout.now_us is not None:
            self._now_us = self.playout.now_us

    def draw(self, views: ViewsPart, probe_at: tuple[int, int], busy: list[Shown]) -> Shown | None:
        """Draw all views; None where there is nothing to see yet."""
        canvas = self._canvas
        if canvas is None:
            return None
        pictures = self._free_set(canvas.sensor, len(views.views), busy)
        for settings, picture in zip(views.views, pictures, strict=True):
            canvas.draw(settings, self._now_us, picture)
        x, y = probe_at
        depth, is_metric = canvas.depth_at(x, y)
        pointer = PointerPart(
            x=x, y=y, rate_hz=self._probe.rate_hz, depth=depth, is_metric=is_metric
        )
        overlay = canvas.overlay(self._now_us)
        return Shown(canvas.sensor, self._now_us, tuple(pictures), views, overlay, pointer)

    def _probe_events(
        self, events: NDArray[np.void], before_us: int, probe_at: tuple[int, int]
    ) -> None:
        if events.size:
            span_us = int(events["t"][-1]) - max(int(events["t"][0]), before_us)
            self._probe.take(events, max(span_us, 1), *probe_at)

    def _free_set(self, sensor: SensorSize, count: int, busy: list[Shown]) -> list[Picture]:
        """Return pictures that are neither on the screen nor waiting to be."""
        taken = {id(picture) for shown in busy for picture in shown.pictures}
        index = next(
            number
            for number, pictures in enumerate(self._sets)
            if not any(id(picture) in taken for picture in pictures)
        )
        pictures = self._sets[index]
        if len(pictures) != count or any(each.shape != sensor.shape for each in pictures):
            pictures = [np.empty(sensor.shape, np.uint32) for _ in range(count)]
            self._sets[index] = pictures
        return pictures
