"""How often something may be started again, and how long to wait before; and clocks that jump."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

LONGEST_WAIT_S = 10.0
JUMP_S = 2.0


class Restarts:
    """Counts restarts; too many in too short a time are refused.

    Args:
        most: Restarts allowed within `within_s`.
        within_s: See `most`.
        wait_s: Before the first restart; each further one within `within_s` waits twice as long.
        clock: Tells the time in seconds; it never goes back.
    """

    def __init__(
        self,
        most: int,
        within_s: float,
        wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._within_s, self._wait_s = most, within_s, wait_s
        self._clock = clock
        self._times: deque[float] = deque()

    def next_wait_s(self) -> float | None:
        """Count a restart and return how long to wait before it; None if it must not be."""
        now_s = self._clock()
        while self._times and now_s - self._times[0] > self._within_s:
            self._times.popleft()
        if len(self._times) >= self._most:
            return None
        self._times.append(now_s)
        return float(min(self._wait_s * 2 ** (len(self._times) - 1), LONGEST_WAIT_S))


class BackOff:
    """Waits longer and longer between attempts, up to `LONGEST_WAIT_S`."""

    def __init__(self, first_s: float) -> None:
        self._first_s = self._next_s = first_s

    def next_wait_s(self) -> float:
        """Return how long to wait before the next attempt."""
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_WAIT_S)
        return wait_s

    def reset(self) -> None:
        """Take note that an attempt succeeded."""
        self._next_s = self._first_s


class ClockWatch:
    """Notices when the wall clock jumps, as it does when a box without a battery finds its time.

    Args:
        wall: Tells the time of day in seconds.
        steady: Tells a time in seconds that never jumps.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._offset_s = wall() - steady()
        self._jumped_s: float | None = None

    def jump_s(self) -> float:
        """Return by how much the clock jumped since the last call; 0 if it did not."""
        offset_s = self._wall() - self._steady()
        jump_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(jump_s) < JUMP_S:
            return 0.0
        self._jumped_s = self._steady()
        return jump_s

    def is_trusted(self, for_s: float) -> bool:
        """Tell whether the clock has not jumped for so long."""
        return self._jumped_s is None or self._steady() - self._jumped_s >= for_s
