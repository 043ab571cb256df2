"""Maps of latest times that stay small: a few bytes relative to an origin that moves along.

Sensors give 64-bit times, but a filter only looks back over its window. A `TimeMap` keeps times in
int16, or int32 where the window is longer than 32 ms, so that the map of a large sensor fits the
cache. Before times no longer fit, the origin moves up to the present, and what then lies too far
back is forgotten, as if it had never been.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

LONGEST_REACH_US = 2**31 - 1
"""How far back a map can remember (35 minutes)."""


class TimeMap:
    """The latest time of each cell.

    Attributes:
        cells: int16 or int32, shape (N,): microseconds after `origin_us`, or `never`.
        origin_us: Time that 0 stands for.
        never: Content of a cell that has no time; less than any time within reach.

    Args:
        cells: Number of cells.
        reach_us: How far back times must be remembered, up to `LONGEST_REACH_US`.
    """

    def __init__(self, cells: int, *, reach_us: int) -> None:
        dtype = np.int16 if reach_us < 2**15 else np.int32
        self.never = int(np.iinfo(dtype).min)
        self.cells: NDArray[np.signedinteger] = np.full(cells, self.never, dtype)
        self.origin_us = 0
        self._blank = True

    def clear(self) -> None:
        """Forget all times."""
        self.cells.fill(self.never)
        self._blank = True

    def stretches(self, t: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Cut ordered times into runs `[start, stop)` that fit.

        The origin moves before a run is yielded; enter its times before asking for the next.
        """
        start = 0
        while start < t.size:
            self._make_room(int(t[start]))
            end_us = self.origin_us - self.never
            stop = t.size if t[-1] < end_us else int(np.searchsorted(t, end_us))
            yield start, stop
            start = stop

    def _make_room(self, t_us: int) -> None:
        shift_us = t_us - self.origin_us
        if not self._blank:
            if shift_us < -self.never:
                return
            self._shift(shift_us)
        self._blank = False
        self.origin_us = t_us

    def _shift(self, shift_us: int) -> None:
        if shift_us >= -2 * self.never:
            self.cells.fill(self.never)
        else:
            shift_times(self.cells, shift_us, self.cells.dtype.type(self.never + shift_us))


@kernel
def shift_times(cells: NDArray[np.signedinteger], shift_us: int, oldest: np.signedinteger) -> None:
    """Make times relative to an origin `shift_us` later, in place.

    Args:
        cells: The times.
        shift_us: How much later the new origin is.
        oldest: Least time that stays above the least number of the type, of the type of `cells`.
    """
    for i in range(cells.size):
        cells[i] = max(cells[i], oldest) - shift_us
