"""Shows slices at a constant rate of pictures: a clock runs through them at the playing speed.

A slice that took a second to come, in slow motion or because a trigger waited, is shown bit by bit
over that second; the clock follows at a distance of about a slice. Where slices come more slowly
than they are to be played, because the machine is busy, the clock runs as slowly as they come, so
that pictures stay as frequent. Live, stepping, or played as fast as possible, it goes to the end of
what has come at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SliceResult

_LAG_SLICES, _LAG_S, _MOST_LAG_S = 1.5, 0.1, 2.0
_PACE_S = 0.5
"""Time constant with which the clock follows the speed at which slices come."""
_SLOW = 0.9
"""Slices that come at less than this share of the speed come more slowly than they should."""
_LEAST_GAIN, _MOST_GAIN, _MOST_STEP_S = 0.5, 1.5, 0.1


@dataclass(frozen=True, eq=False, slots=True)
class Portion:
    """Some events of a slice, in order; `is_last` tells that it is over."""

    events: NDArray[np.void]
    result: SliceResult
    is_last: bool


class Playout:
    """Gives out events up to a time that runs.

    Attributes:
        now_us: That time; None before there is anything.
    """

    def __init__(self) -> None:
        self._waiting: deque[SliceResult] = deque()
        self._given = 0
        self.now_us: int | None = None
        self._come_us, self._since_s, self._pace = 0, 0.0, math.inf
        self._was_empty = False

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._given = 0
        self.now_us = None
        self._forget_pace()

    def put(self, result: SliceResult) -> None:
        """Take the next slice."""
        self._was_empty |= not self._waiting
        self._waiting.append(result)
        self._come_us += result.slice.duration_us

    @property
    def is_empty(self) -> bool:
        """Whether all has been given out."""
        return not self._waiting

    def advance(self, elapsed_s: float, speed: float | None) -> Iterator[Portion]:
        """Run the clock, and yield what is due.

        Args:
            elapsed_s: Wall time since the last call.
            speed: Recording seconds per second; None is to the end of what there is.
        """
        self._since_s += elapsed_s
        if not self._waiting:
            return
        self.now_us = self._clock_us(elapsed_s, speed)
        while self._waiting:
            result = self._waiting[0]
            data = result.slice.events.data
            if result.slice.t1_us <= self.now_us:
                first, self._given = self._given, 0
                self._waiting.popleft()
                yield Portion(data[first:], result, is_last=True)
                continue
            stop = int(np.searchsorted(data["t"], self.now_us))
            if stop > self._given:
                first, self._given = self._given, stop
                yield Portion(data[first:stop], result, is_last=False)
            return

    def _clock_us(self, elapsed_s: float, speed: float | None) -> int:
        begin_us, end_us = self._waiting[0].slice.t0_us, self._waiting[-1].slice.t1_us
        if speed is None:
            self._forget_pace()
            return end_us
        longest_us = max(result.slice.duration_us for result in self._waiting)
        now_us = begin_us
        if self.now_us is not None:
            now_us = max(self.now_us, begin_us)
            pace = self._pace_of(speed, (end_us - now_us) / max(longest_us, 1))
            step_s = min(elapsed_s, _MOST_STEP_S) if self._was_empty else elapsed_s
            now_us += round(step_s * pace * 1e6)
        self._was_empty = False
        lag_us = min(_LAG_SLICES * longest_us + _LAG_S * speed * 1e6, _MOST_LAG_S * speed * 1e6)
        return min(max(now_us, end_us - round(lag_us)), end_us)

    def _forget_pace(self) -> None:
        """Take the next slices to come at the speed at which they are to be played."""
        self._come_us, self._since_s, self._pace = 0, 0.0, math.inf
        self._was_empty = False

    def _pace_of(self, speed: float, ahead_slices: float) -> float:
        """Return how fast the clock runs: at the speed, or as slices come, about one waiting."""
        if math.isinf(self._pace):
            self._pace, self._come_us, self._since_s = speed, 0, 0.0
        elif self._come_us and self._since_s > 0:
            share = math.exp(-self._since_s / _PACE_S)
            come = self._come_us / 1e6 / self._since_s
            self._pace = self._pace * share + come * (1 - share)
            self._come_us, self._since_s = 0, 0.0
        if self._pace > _SLOW * speed:
            return speed
        return min(speed, self._pace * min(max(ahead_slices, _LEAST_GAIN), _MOST_GAIN))
