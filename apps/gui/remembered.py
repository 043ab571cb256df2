"""The latest results, in bounded memory: for going back and for the 3-D view."""

from __future__ import annotations

import threading
from collections import deque

from eventvision.core import SliceResult

MOST_US = 2_000_000
MOST_EVENTS = 4_000_000


class Remembered:
    """Keeps the results of the last two seconds, fewer where there are many events.

    One thread adds; any thread asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: deque[SliceResult] = deque()
        self._events = 0

    def add(self, result: SliceResult) -> None:
        """Keep a result, and no longer those that are too old or too many; it stays itself."""
        with self._lock:
            self._results.append(result)
            self._events += len(result.slice)
            while len(self._results) > 1 and (
                self._events > MOST_EVENTS
                or result.slice.t1_us - self._results[0].slice.t0_us > MOST_US
            ):
                self._events -= len(self._results.popleft().slice)

    def all(self) -> tuple[SliceResult, ...]:
        """Return what is kept, the latest last."""
        with self._lock:
            return tuple(self._results)

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._results.clear()
            self._events = 0
