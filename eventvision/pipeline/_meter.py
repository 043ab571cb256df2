"""Rates over the latest stretch of time, in bounded memory."""

from __future__ import annotations

from collections import deque

_PARTS = 10


class Meter:
    """Counts amounts along an axis of time and says how many a second there were of late.

    One thread adds; any thread asks.

    Args:
        second: Length of a second on the axis, such as 1_000_000 for microseconds.
    """

    def __init__(self, second: int) -> None:
        self._second = second
        self._total = 0
        self._marks: deque[tuple[int, int]] = deque(maxlen=_PARTS + 1)

    @property
    def total(self) -> int:
        """All that was added."""
        return self._total

    def add(self, now: int, amount: int = 1) -> None:
        """Add an amount at a time that never goes back; the total is noted ten times a second."""
        if not self._marks or now - self._marks[-1][0] >= self._second // _PARTS:
            self._marks.append((now, self._total))
        self._total += amount

    def per_second(self, now: int) -> float:
        """Return the rate over about the last second before `now`; 0 where nothing came."""
        since = next(
            ((at, count) for at, count in tuple(self._marks) if now - at <= 2 * self._second), None
        )
        if since is None or now <= since[0]:
            return 0.0
        return (self._total - since[1]) * self._second / (now - since[0])
